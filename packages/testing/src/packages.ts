import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

export interface PublishedPackage {
  readonly name: string;
  readonly version: string;
  /** The absolute path of its folder. */
  readonly folder: string;
  readonly bin: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** All packages that are not private. Each one comes after its dependencies. */
export function publishedPackages(root: string): PublishedPackage[] {
  const folders = readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
  const found = new Map(
    folders.flatMap((folder) => {
      const manifest = manifestOf(folder);
      return manifest.private === true ? [] : [[manifest.name, { folder, manifest }] as const];
    }),
  );
  const ordered = new Set<string>();
  const place = (name: string): void => {
    for (const needed of Object.keys(found.get(name)?.manifest.dependencies ?? {})) {
      if (found.has(needed)) place(needed);
    }
    ordered.add(name);
  };
  for (const name of [...found.keys()].sort()) place(name);
  return [...ordered].flatMap((name) => {
    const each = found.get(name);
    return each === undefined
      ? []
      : [{ name, version: each.manifest.version, folder: each.folder, bin: each.manifest.bin ?? {} }];
  });
}

/** Packs a built package as for npm. Returns the path of the tarball. Needs pnpm on the PATH. */
export function pack(each: PublishedPackage, destination: string): string {
  const tarball = join(destination, `${each.name.replace("@", "").replace("/", "-")}-${each.version}.tgz`);
  mkdirSync(destination, { recursive: true });
  const args = ["--silent", "pack", "--pack-destination", destination];
  execFileSync("pnpm", args, { cwd: each.folder, stdio: "pipe", shell: process.platform === "win32" });
  return tarball;
}

/** The TypeScript programs in a Markdown file. A block without imports continues the block before it. */
export function typeScriptBlocks(file: string): string[] {
  const programs: string[] = [];
  for (const [, block = ""] of readFileSync(file, "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
    const before = /^import /m.test(block) ? undefined : programs.pop();
    programs.push(`${before ?? ""}${block}`);
  }
  return programs;
}

/** Files that npm publishes although the manifest does not list them. */
const alwaysPublished = /^(package\.json|(readme|licen[cs]e)(\..*)?)$/i;

/** The installed size in bytes of a built package with all its dependencies, each counted once. */
export function installedSize({ folder }: PublishedPackage): number {
  const folders = [...withDependencies(folder)];
  return folders.reduce((sum, each) => sum + sizeOfPackage(each), 0);
}

/** The folders of a package and of all its dependencies. */
export function withDependencies(place: string, seen = new Set<string>()): Set<string> {
  const folder = realpathSync(place);
  if (seen.has(folder)) return seen;
  seen.add(folder);
  for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
    withDependencies(find(folder, name), seen);
  }
  return seen;
}

function find(folder: string, name: string): string {
  const path = join(folder, "node_modules", name);
  if (existsSync(path)) return path;
  if (dirname(folder) === folder) throw new Error(`${name} is not installed. Run: pnpm install`);
  return find(dirname(folder), name);
}

/** The folder of a workspace package contains files that are not published. */
function sizeOfPackage(folder: string): number {
  const { files = [] } = manifestOf(folder);
  const isOurs = !folder.includes("node_modules");
  const names = readdirSync(folder).filter((name) =>
    isOurs ? files.includes(name) || alwaysPublished.test(name) : name !== "node_modules",
  );
  return names.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
}

function manifestOf(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return manifest;
}

function sizeOf(path: string): number {
  const entry = lstatSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** A file of a bundle. */
export interface BundledFile {
  readonly name: string;
  readonly code: string;
  /** The size in bytes, minified and gzipped. */
  readonly bytes: number;
}

/** The client bundled for a page. */
export interface BrowserBundle {
  /** The name of the file that the page loads first. */
  readonly entry: string;
  readonly files: readonly BundledFile[];
  /** Imported modules that are not in the bundle. */
  readonly imports: readonly string[];
}

/** Bundles an entry point of the client for browsers, minified, with separate files for dynamic imports. */
export async function bundleForBrowser(root: string, entry = "index.ts"): Promise<BrowserBundle> {
  const bundle = await rolldown({
    input: join(root, "packages/client/src", entry),
    platform: "browser",
    resolve: { conditionNames: ["@sf-image-store/source", "browser", "import"] },
    // The entry of an application has no exports, so shared code may stay in the entry.
    preserveEntrySignatures: "allow-extension",
    onwarn: () => {},
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const chunks = output.filter((each) => each.type === "chunk");
  const names = new Set(chunks.map(({ fileName }) => fileName));
  const imported = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
  return {
    entry: chunks.find(({ isEntry }) => isEntry)?.fileName ?? "",
    files: chunks.map(({ fileName, code }) => ({
      ...{ name: fileName, code, bytes: gzipSync(code, { level: 9 }).length },
    })),
    imports: imported.filter((name) => !names.has(name)),
  };
}
