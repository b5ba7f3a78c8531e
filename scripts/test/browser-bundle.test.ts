import { resolve } from "node:path";
import { bundleForBrowser } from "@sf-image-store/testing/packages";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

describe("the client bundled for a browser", () => {
  it("asks for nothing of Node's, nor for anything else", async () => {
    expect((await bundleForBrowser(root)).imports).toEqual([]);
  });

  it("loads the upload engine when it is needed", async () => {
    const { entryBytes, laterBytes } = await bundleForBrowser(root);
    expect(entryBytes).toBeGreaterThan(1000);
    expect(laterBytes).toBeGreaterThan(1000);
  });

  it("would be noticed to ask for Node's modules, as the client for Node does", async () => {
    expect((await bundleForBrowser(root, "node/index.ts")).imports).toContain("node:http");
  });
});
