/** What the tests and checks of this repository share. Private. */

export { bundleForBrowser } from "./browser-bundle.js";
export { type PublishedPackage, pack, publishedPackages, typeScriptBlocks } from "./published-packages.js";
