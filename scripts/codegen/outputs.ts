import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createTwoFilesPatch } from "diff";
import type { Outputs } from "./pipeline.js";

export interface Difference {
  readonly path: string;
  readonly kind: "differs" | "missing" | "orphaned";
  /** For a file that differs: what would change, as a unified diff. */
  readonly patch?: string;
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
    if (!present.includes(path)) return [{ path, kind: "missing" }];
    const actual = readFileSync(join(root, path), "utf8");
    if (actual === expected) return [];
    const patch = createTwoFilesPatch(`${path} (now)`, `${path} (generated)`, actual, expected, "", "", {
      context: 2,
    });
    return [{ path, kind: "differs", patch }];
  });
  return [...stale, ...orphans];
}

function filesBelow(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(root.length + 1)
          .replaceAll("\\", "/"),
      )
      .sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** A reader never sees half a file, and a run that is cut off leaves the old one. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
