import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type PackageContent, walkDirectory } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";

/** What is on this machine: one file, or a directory with all that is in it. */
export type LocalSource = LocalFile | LocalPackage;

export interface LocalFile {
  readonly kind: "file";
  readonly path: string;
  readonly totalBytes: number;
}

export interface LocalPackage {
  readonly kind: "package";
  readonly path: string;
  readonly totalBytes: number;
  readonly content: PackageContent;
}

/** Throws UsageError for a path where nothing is. */
export async function kindOf(path: string): Promise<LocalSource["kind"]> {
  return (await statsOf(path)).isDirectory() ? "package" : "file";
}

/** Throws UsageError for a path where nothing is, InvalidInputError for a directory that cannot be uploaded as it is. */
export async function readSource(path: string, signal: AbortSignal): Promise<LocalSource> {
  const stats = await statsOf(path);
  if (stats.isFile()) return { kind: "file", path, totalBytes: stats.size };
  if (!stats.isDirectory()) throw new UsageError(`${path} is neither a file nor a directory.`);
  const content = await walkDirectory(path, signal);
  const totalBytes = content.files.reduce((sum, { size }) => sum + size, 0);
  return { kind: "package", path, totalBytes, content };
}

async function statsOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "ENOENT"
        ? `There is no file or directory ${resolve(path)}.`
        : `${path} cannot be read: ${String(code ?? error)}.`;
    throw new UsageError(reason, { cause: error });
  }
}
