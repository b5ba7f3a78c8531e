// Checks of the published packages; they must be built. `lint`: do the packed packages have the entries and types that they
// declare? `browser-size`: is the client small enough for a page?
// `sizes` prints the sizes in bytes as JSON, for the benchmarks.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundleForBrowser, installedSize, pack, publishedPackages } from "@sf-image-store/testing/packages";

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

/** Gzipped bytes: what a page loads before the first upload, after the upload of a file, and all of the client. */
const budget = { entryBytes: 12_000, engineBytes: 25_500, allBytes: 35_000 };

async function browserSize(): Promise<boolean> {
  const { entryBytes, engineBytes, laterBytes } = await bundleForBrowser(root);
  const allBytes = entryBytes + laterBytes;
  console.log(`at once        ${entryBytes} of ${budget.entryBytes} bytes, gzipped, openapi-fetch included`);
  console.log(`with engine    ${engineBytes} of ${budget.engineBytes} bytes`);
  console.log(`everything     ${allBytes} of ${budget.allBytes} bytes`);
  return entryBytes <= budget.entryBytes && engineBytes <= budget.engineBytes && allBytes <= budget.allBytes;
}

async function sizes(): Promise<boolean> {
  const { entryBytes, engineBytes } = await bundleForBrowser(root);
  const installed = publishedPackages(root).map((each) => [`installed, ${each.name}`, installedSize(each)]);
  const browser = { "browser, at once": entryBytes, "browser, with the engine": engineBytes };
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
