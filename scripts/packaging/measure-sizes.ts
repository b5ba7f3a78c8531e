import { resolve } from "node:path";
import { bundleForBrowser, publishedPackages } from "@sf-image-store/testing";
import { installedSize } from "./installed-size.js";

/** Prints sizes in bytes, by name, as JSON. For the benchmarks; packages must be built. */
const root = resolve(import.meta.dirname, "../..");
const { entryBytes, laterBytes } = await bundleForBrowser(root);
const installed = publishedPackages(root).map((each) => [`installed, ${each.name}`, installedSize(each)]);
const sizes = {
  "browser, at once": entryBytes,
  "browser, with uploads": entryBytes + laterBytes,
  ...Object.fromEntries(installed),
};
console.log(JSON.stringify(sizes));
