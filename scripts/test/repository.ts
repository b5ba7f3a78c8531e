import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import typescript from "typescript";

export const root = resolve(import.meta.dirname, "../..");

export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** All files that exist and git does not ignore. */
export const trackedFiles: readonly string[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard"],
  { cwd: root, encoding: "utf8" },
)
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Workspace {
  /** The path from the root, such as `packages/client`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The packages of the repository, and its scripts. */
export const workspaces: readonly Workspace[] = [
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}`),
  "scripts",
]
  .filter((folder) => existsSync(join(root, folder, "package.json")))
  .map((folder) => ({ folder, manifest: JSON.parse(read(`${folder}/package.json`)) }));

/** The hand-written TypeScript below a folder. */
export function sourcesBelow(folder: string): string[] {
  return trackedFiles.filter(
    (path) => path.startsWith(`${folder}/`) && path.endsWith(".ts") && !path.includes("/generated/"),
  );
}

/** The specifiers in the import and export statements of a file, and in its `import()` calls. */
export function importsOf(path: string): string[] {
  return typescript.preProcessFile(read(path)).importedFiles.map(({ fileName }) => fileName);
}
