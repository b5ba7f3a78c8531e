// Checks of the published packages; they must be built. `lint`: do the packed packages have the entries and types that they
// declare? `browser-size`: is the client small enough for a page?
// `sizes` prints the sizes in bytes as JSON, for the benchmarks.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { installedSize, pack, publishedPackages } from "@sf-image-store/testing/packages";
import { type BrowserSizes, measureBrowserSizes } from "./browser-size.js";

const root = resolve(import.meta.dirname, "../..");
const shell = process.platform === "win32";

const linters = [
  ["publint", "--strict"],
  ["attw", "--profile", "esm-only"],
] as const;

async function lint(scratch: string): Promise<boolean> {
  const tarballs = publishedPackages(root).map((each) => pack(each, scratch));
  const runs = tarballs.flatMap((tarball) =>
    linters.map(([linter, ...options]) => runLinter(linter, [tarball, ...options])),
  );
  const results = await Promise.all(runs);
  return results.length > 0 && results.every((succeeded) => succeeded);
}

function runLinter(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((done) => {
    execFile(program, args, { cwd: root, shell }, (error, stdout, stderr) => {
      console.log(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
      done(error === null);
    });
  });
}

/** In bytes; CONTRIBUTING.md explains them. */
const budgets: BrowserSizes = { atOnce: 12_000, withFile: 24_000, withPackage: 30_500, everything: 40_000 };

async function browserSize(scratch: string): Promise<boolean> {
  const { atOnce, withFile, withPackage, everything } = await measureBrowserSizes(root, scratch);
  const rows = [
    ["at once", atOnce, budgets.atOnce],
    ["after the upload of a file", withFile, budgets.withFile],
    ["after the upload of a package", withPackage, budgets.withPackage],
    ["everything", everything, budgets.everything],
  ] as const;
  console.log("The client in a page, with openapi-fetch, minified and gzipped:");
  for (const [label, bytes, budget] of rows) {
    console.log(`${label.padEnd(30)} ${bytes} of ${budget} bytes${bytes > budget ? ": too large" : ""}`);
  }
  return rows.every(([, bytes, budget]) => bytes <= budget);
}

async function sizes(scratch: string): Promise<boolean> {
  const { atOnce, withFile, withPackage } = await measureBrowserSizes(root, scratch);
  const installed = publishedPackages(root).map((each) => [`installed, ${each.name}`, installedSize(each)]);
  const browser = {
    "browser, at once": atOnce,
    "browser, with the engine": withFile,
    "browser, with packages": withPackage,
  };
  console.log(JSON.stringify({ ...browser, ...Object.fromEntries(installed) }));
  return true;
}

const checks = new Map<string, (scratch: string) => boolean | Promise<boolean>>([
  ["lint", lint],
  ["browser-size", browserSize],
  ["sizes", sizes],
]);
const check = checks.get(process.argv[2] ?? "");
if (check === undefined) throw new Error(`Usage: packages.ts ${[...checks.keys()].join("|")}`);
const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-packages-"));
try {
  process.exitCode = (await check(scratch)) ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
