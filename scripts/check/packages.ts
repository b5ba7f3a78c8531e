// Checks of the published packages; they must be built. `lint`: do the packed packages have the entries and types that they
// declare? `nodes`: do they run on each version of Node? `browser-size`: is the client small enough for a page?
// `sizes` prints the sizes in bytes as JSON, for the benchmarks.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  bundleForBrowser,
  installedSize,
  pack,
  publishedPackages,
  typeScriptBlocks,
} from "@sf-image-store/testing/packages";

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

/** The major versions of Node that the packages support. npx gets them from the npm registry. */
const majors = ["20", "22", "24"];

function nodes(project: string): boolean {
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: project, encoding: "utf8", shell });
  const show = (text: string) => console.log(text.trim().replaceAll(/^/gm, "  "));
  const packages = publishedPackages(root);
  const tarballs = packages.map((each) => pack(each, join(project, "tarballs")));
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(project, "readme.js"), typeScriptBlocks(join(root, "README.md"))[0] ?? "");
  run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs);
  const commands = packages.flatMap(({ bin }) => Object.keys(bin));
  for (const major of majors) {
    const node = ["--yes", "--prefer-offline", `--package=node@${major}`, "--", "node"];
    console.log(`Node ${run("npx", ...node, "--version").trim()}`);
    show(run("npx", ...node, "readme.js"));
    for (const command of commands) {
      const script = join("node_modules", ".bin", command);
      show(`${command} --version: ${run("npx", ...node, script, "--version")}`);
    }
  }
  return true;
}

/** Gzipped bytes: what a page loads before the first upload, and all of the client. */
const budget = { entryBytes: 15_000, allBytes: 36_500 };

async function browserSize(): Promise<boolean> {
  const { entryBytes, laterBytes } = await bundleForBrowser(root);
  const allBytes = entryBytes + laterBytes;
  console.log(`at once        ${entryBytes} of ${budget.entryBytes} bytes, gzipped, openapi-fetch included`);
  console.log(`with uploads   ${allBytes} of ${budget.allBytes} bytes`);
  return entryBytes <= budget.entryBytes && allBytes <= budget.allBytes;
}

async function sizes(): Promise<boolean> {
  const { entryBytes, laterBytes } = await bundleForBrowser(root);
  const installed = publishedPackages(root).map((each) => [`installed, ${each.name}`, installedSize(each)]);
  const browser = { "browser, at once": entryBytes, "browser, with uploads": entryBytes + laterBytes };
  console.log(JSON.stringify({ ...browser, ...Object.fromEntries(installed) }));
  return true;
}

const checks = new Map<string, (scratch: string) => boolean | Promise<boolean>>([
  ["lint", lint],
  ["nodes", nodes],
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
