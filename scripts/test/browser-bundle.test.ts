import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundleForBrowser } from "@sf-image-store/testing/packages";
import { describe, expect, it } from "vitest";
import { measureBrowserSizes } from "../check/browser-size.js";

const root = resolve(import.meta.dirname, "../..");

describe("the client bundled for a browser", () => {
  it("imports no modules of Node and no other packages", async () => {
    expect((await bundleForBrowser(root)).imports).toEqual([]);
  });

  it("loads the upload engine with the first upload, and more for packages", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "sf-browser-size-"));
    const { atOnce, withFile, withPackage, everything } = await measureBrowserSizes(root, scratch).finally(
      () => rmSync(scratch, { recursive: true, force: true }),
    );
    expect(atOnce).toBeGreaterThan(5000);
    expect(withFile).toBeGreaterThan(atOnce + 5000);
    expect(withPackage).toBeGreaterThan(withFile + 1000);
    expect(everything).toBeGreaterThan(withPackage + 1000);
  });

  it("reports imports of Node, as the client for Node has them", async () => {
    expect((await bundleForBrowser(root, "node/index.ts")).imports).toContain("node:http");
  });
});
