/** What the tests and checks of this repository share. Private. */

export { bundleForBrowser } from "./browser-bundle.js";
export {
  installedSize,
  type PublishedPackage,
  pack,
  publishedPackages,
  typeScriptBlocks,
  withDependencies,
} from "./published-packages.js";
