import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createTwoFilesPatch } from "diff";
import type { Outputs } from "./pipeline.js";

export interface Difference {
  readonly path: string;
  readonly kind: "differs" | "missing" | "orphaned";
  /** For a file that differs: what would change, as a unified diff. Made on demand, for it takes its time. */
  readonly patch?: () => string;
}

/** Writes what is not yet as it should be and removes what nothing generates any more. Returns what it changed. */
export function writeOutputs(root: string, folders: readonly string[], outputs: Outputs): Difference[] {
  const differences = compareOutputs(root, folders, outputs);
  for (const { path, kind } of differences) {
    if (kind === "orphaned") rmSync(join(root, path));
    else writeWhole(join(root, path), outputs.get(path) ?? "");
  }
  return differences;
}

/** Compares every generated file with what it should be, in memory, and finds files that nothing generates. */
export function compareOutputs(root: string, folders: readonly string[], outputs: Outputs): Difference[] {
  const present = folders.flatMap((folder) => filesBelow(root, folder));
  const orphans = present
    .filter((path) => !outputs.has(path))
    .map((path): Difference => ({ path, kind: "orphaned" }));
  const stale = [...outputs].flatMap(([path, expected]): Difference[] => {
    if (!existsSync(join(root, path))) return [{ path, kind: "missing" }];
    const actual = readFileSync(join(root, path), "utf8");
    if (actual === expected) return [];
    const patch = () =>
      createTwoFilesPatch(`${path} (now)`, `${path} (generated)`, actual, expected, "", "", { context: 2 });
    return [{ path, kind: "differs", patch }];
  });
  return [...stale, ...orphans];
}

/** The files below a folder of `root`, from `root`, leaving out what installing and building put there. */
export function filesBelow(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true })
      .flatMap((entry) => {
        if (madeByTools.has(entry.name)) return [];
        const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
        return entry.isDirectory() ? filesBelow(root, path) : [path];
      })
      .sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

const madeByTools = new Set(["node_modules", "dist"]);

/** A reader never sees half a file, and a run that is cut off leaves the old one. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
