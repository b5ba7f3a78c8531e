import { resolve } from "node:path";
import { installedSize, publishedPackages, withDependencies } from "@sf-image-store/testing/packages";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

describe("the command line, installed", () => {
  it("is smaller than 3 MB with all dependencies", () => {
    const found = publishedPackages(root).find(({ name }) => name === "sf-image-store");
    if (found === undefined) throw new Error("there is no package sf-image-store");
    const { size: count } = withDependencies(found.folder);
    const total = installedSize(found);
    console.log(`Installed size: ${(total / 1e6).toFixed(2)} MB in ${count} packages`);
    expect(count).toBeGreaterThan(1);
    expect(total).toBeGreaterThan(5e5);
    expect(total).toBeLessThan(3e6);
  });
});
