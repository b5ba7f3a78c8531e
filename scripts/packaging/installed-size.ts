import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PublishedPackage } from "@sf-image-store/testing";

interface Manifest {
  readonly name: string;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Files that npm adds to those that a manifest lists. */
const always = /^(package\.json|(readme|licen[cs]e)(\..*)?)$/i;

/** Bytes of a built package and of all that it depends on, each once, as an installation holds them. */
export function installedSize({ folder }: PublishedPackage): number {
  const folders = [...withDependencies(folder)];
  return folders.reduce((sum, each) => sum + sizeOfPackage(each), 0);
}

/** The folders of a package and of all that it depends on. */
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
  if (dirname(folder) === folder) throw new Error(`${name} is not installed`);
  return find(dirname(folder), name);
}

/** A package of the workspace has more in its folder than it is published with. */
function sizeOfPackage(folder: string): number {
  const { files = [] } = manifestOf(folder);
  const isOurs = !folder.includes("node_modules");
  const names = readdirSync(folder).filter((name) =>
    isOurs ? files.includes(name) || always.test(name) : name !== "node_modules",
  );
  return names.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function sizeOf(path: string): number {
  const entry = lstatSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
