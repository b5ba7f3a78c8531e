export { bundleForBrowser } from "./browser-bundle.js";
export { typeScriptBlocks } from "./code-blocks.js";
export { type PublishedPackage, pack, publishedPackages } from "./published-packages.js";
