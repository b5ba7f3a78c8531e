import { resolve } from "node:path";
import { bundleForBrowser } from "@sf-image-store/testing/packages";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

describe("the client bundled for a browser", () => {
  it("imports no modules of Node and no other packages", async () => {
    expect((await bundleForBrowser(root)).imports).toEqual([]);
  });

  it("loads the upload engine on demand", async () => {
    const { entryBytes, laterBytes } = await bundleForBrowser(root);
    expect(entryBytes).toBeGreaterThan(1000);
    expect(laterBytes).toBeGreaterThan(1000);
  });

  it("reports imports of Node, as the client for Node has them", async () => {
    expect((await bundleForBrowser(root, "node/index.ts")).imports).toContain("node:http");
  });
});
