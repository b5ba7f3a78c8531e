import { lstat, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { walkDirectory } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";
import { isApplicationManifest } from "./application-package.js";
import { toldFullDisk } from "./full-disk.js";
import { planPacking } from "./plan.js";

/** Where the result of packing goes. It appears there when it is complete, or not at all. */
export interface OutputPlace {
  readonly path: string;
  /** Whether something is there that may be replaced. */
  readonly isTaken: boolean;
}

/**
 * Throws UsageError for a place that is taken, unless `force` allows to replace a file or an earlier copy of a package;
 * and for one that holds the source or lies in it.
 */
export async function requirePlace(source: string, output: string, force: boolean): Promise<OutputPlace> {
  const path = resolve(output);
  const [from, to] = [await realpath(source), await realOf(path)];
  if (`${to}${sep}`.startsWith(`${from}${sep}`) || `${from}${sep}`.startsWith(`${to}${sep}`)) {
    throw new UsageError(`${path} is not apart from ${resolve(source)}. Give another place by --output.`);
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return { path, isTaken: false };
  if (!force)
    throw new UsageError(`${path} exists. Give another place by --output, or replace it by --force.`);
  if (found.isDirectory() && !(await isPacked(path))) {
    throw new UsageError(
      `${path} is a folder, but not the result of packing: it is not replaced. Delete it yourself.`,
    );
  }
  return { path, isTaken: true };
}

/** Has `write` make the result under another name, and gives it its own in one step. Nothing is left of a failure. */
export async function placeOutput(
  { path, isTaken }: OutputPlace,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`;
  const old = `${path}.${process.pid}.old`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await write(unfinished);
    if (isTaken) await rename(path, old);
    await rename(unfinished, path).catch(async (error: unknown) => {
      if (isTaken) await rename(old, path);
      throw error;
    });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw toldFullDisk(error, path);
  }
  await rm(old, { recursive: true, force: true });
}

/** A package in which nothing is left to be packed; originals are not taken for that. An empty folder is no loss. */
async function isPacked(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  if (!names.some(isApplicationManifest)) return names.length === 0;
  // What holds links was not packed.
  const content = await walkDirectory(folder).catch(() => undefined);
  return content !== undefined && planPacking(content).archives.length === 0;
}

/** Where a path really is that may not exist yet. One that does may be a link, or be spelled otherwise on disk. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realOf(parent), basename(path));
  }
}
