import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const main = join(packageFolder, "dist/main.js");

/** The modules of this project and of others that a run loads, by V8's own account. */
function loadedModules(...args: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "sf-image-store-coverage-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [main, ...args], { env: { ...process.env, NODE_V8_COVERAGE: folder } });
  return readdirSync(folder).flatMap((name) => {
    const { result }: { result: readonly { url: string }[] } = JSON.parse(
      readFileSync(join(folder, name), "utf8"),
    );
    return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
  });
}

describe("a start", () => {
  it("loads nothing for --version but what prints it", () => {
    const names = loadedModules("--version").map((url) => url.split("/").at(-1));
    expect(names.toSorted()).toEqual(["main.js", "version.js"]);
  });

  it("loads no other command, no client and no table for the help of one", () => {
    const urls = loadedModules("emulator", "--help");
    expect(urls.filter((url) => /\/commands\/(?!index|emulator)/.test(url))).toEqual([]);
    expect(urls.filter((url) => /cli-table3|cli-progress|koa|packages\/client/.test(url))).toEqual([]);
  });
});

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Bytes that a package takes once installed. Packages of this workspace are published with `dist`, `src` and three files. */
function sizeOf(folder: string): number {
  const isOurs = !folder.includes("node_modules");
  const names = isOurs ? ["dist", "src", "package.json", "README.md", "LICENSE"] : readdirSync(folder);
  return names
    .filter((name) => name !== "node_modules")
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .reduce((sum, path) => sum + sizeOnDisk(path), 0);
}

function sizeOnDisk(path: string): number {
  const entry = lstatSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOnDisk(join(path, name)), 0);
}

/** The folders of a package and of all it depends on, each once. */
function installed(folder: string, seen = new Set<string>()): Set<string> {
  if (seen.has(folder)) return seen;
  seen.add(folder);
  const { dependencies = {} }: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const name of Object.keys(dependencies)) installed(find(folder, name), seen);
  return seen;
}

function find(folder: string, name: string): string {
  const path = join(folder, "node_modules", name);
  if (existsSync(path)) return realpathSync(path);
  if (dirname(folder) === folder) throw new Error(`${name} is not installed`);
  return find(dirname(folder), name);
}

describe("the installed size", () => {
  it("is below 8 MB with all dependencies", () => {
    const folders = [...installed(realpathSync(packageFolder))];
    const sizes = folders.map((folder) => sizeOf(folder)).toSorted((a, b) => b - a);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`Installed size: ${(total / 1e6).toFixed(2)} MB in ${folders.length} packages`);
    expect(folders.length).toBeGreaterThan(5);
    expect(total).toBeLessThan(8e6);
  });
});
