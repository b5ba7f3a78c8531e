import { createWriteStream } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type PackageContent, type PackageFile, walkDirectory } from "@sf-image-store/client/node";
import { ZipFile } from "yazl";
import { UsageError } from "../errors/errors.js";
import {
  asDiskFullError,
  isApplicationManifest,
  type PackingPlan,
  type PlannedArchive,
  planPacking,
  readApplicationPackage,
  requireApplicationPackage,
  temporaryFolderText,
} from "./plan.js";

/** The path of the result. It appears there only when it is complete. */
export interface OutputTarget {
  readonly path: string;
  /** Whether an earlier result exists and may be replaced. */
  readonly exists: boolean;
}

/**
 * Checks the output path. Throws UsageError if it exists and `force` does not allow replacing it, or if it overlaps
 * with the source.
 */
export async function checkOutputTarget(
  source: string,
  output: string,
  force: boolean,
): Promise<OutputTarget> {
  const path = resolve(output);
  const [from, to] = [await realpath(source), await resolveRealPath(path)];
  if (`${to}${sep}`.startsWith(`${from}${sep}`) || `${from}${sep}`.startsWith(`${to}${sep}`)) {
    throw new UsageError(
      `The output ${path} overlaps with ${resolve(source)}. Use --to to specify another path.`,
    );
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return { path, exists: false };
  if (!force)
    throw new UsageError(
      `${path} already exists. Use --to to specify another path, or --force to overwrite it.`,
    );
  if (found.isDirectory() && !(await isPacked(path))) {
    throw new UsageError(
      `Refusing to overwrite ${path}: it is not the result of an earlier pack. Delete it first, or use --to to specify another path.`,
    );
  }
  return { path, exists: true };
}

/** Calls `write` with a temporary path, then renames it to the final one. Leaves nothing behind on failure. */
export async function writeOutputTarget(
  { path, exists }: OutputTarget,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`;
  const old = `${path}.${process.pid}.old`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await write(unfinished);
    if (exists) await rename(path, old);
    await rename(unfinished, path).catch(async (error: unknown) => {
      if (exists) await rename(old, path);
      throw error;
    });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw asDiskFullError(error, path);
  }
  await rm(old, { recursive: true, force: true });
}

/** Whether a folder is the result of an earlier pack, so that deleting it loses nothing. Empty folders count. */
async function isPacked(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  if (!names.some(isApplicationManifest)) return names.length === 0;
  // A folder with links was not created by pack.
  const content = await walkDirectory(folder).catch(() => undefined);
  return content !== undefined && planPacking(content).archives.length === 0;
}

/** The real path of a path that may not exist yet. An existing part may be a link, or have another case on disk. */
async function resolveRealPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await resolveRealPath(parent), basename(path));
  }
}

const pieceSize = 1024 * 1024;

/** Streams the bytes of a file. Fails if the file changes in the meantime. */
function streamOf(file: PackageFile, abortSignal: AbortSignal): Readable {
  return Readable.from(piecesOf(file, abortSignal), {
    objectMode: false,
    highWaterMark: 1,
    signal: abortSignal,
  });
}

async function* piecesOf(file: PackageFile, abortSignal: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = await file.open();
  if (source instanceof Blob || source instanceof Uint8Array)
    throw new TypeError("The file is not one on disk");
  try {
    for (let position = 0; position < source.size; position += pieceSize) {
      const endPosition = Math.min(position + pieceSize, source.size) - 1;
      const bytes = await source.read({ startPosition: position, endPosition }, { abortSignal });
      yield bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
    }
  } finally {
    await source.close?.();
  }
}

/**
 * The same attributes for every file, so that the same content gives the same archive on every machine. Zip stores
 * local time, and noon of its first day exists in every time zone.
 */
function reproducibleAttributes() {
  return { mtime: new Date(1980, 0, 1, 12), forceDosTimestamp: true } as const;
}

/** Windows has no executable flag, but Linux needs it for some files. */
const fileMode = 0o100755;
const folderMode = 0o040755;

/** The compression level, from 0 (none) to 9 (best). */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Writes a zip archive one file at a time, without keeping files in memory. */
export async function writeArchive(
  path: string,
  { files, emptyFolders }: Pick<PlannedArchive, "files" | "emptyFolders">,
  compressionLevel: Level,
  signal: AbortSignal,
): Promise<void> {
  const zip = new ZipFile();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  // The library only emits an error, and its output stream never ends.
  zip.on("error", (error: unknown) => failed.abort(error));
  const entries = [
    ...files.map(({ name, file }) => ({ name, file })),
    ...emptyFolders.map((name) => ({ name, file: undefined })),
  ].sort((a, b) => compareCodeUnits(a.name, b.name));
  for (const { name, file } of entries) {
    if (file === undefined) {
      zip.addEmptyDirectory(name, { ...reproducibleAttributes(), mode: folderMode });
      continue;
    }
    const options = { ...reproducibleAttributes(), mode: fileMode, size: file.size, compressionLevel };
    zip.addReadStreamLazy(name, options, (give) => {
      const stream = streamOf(file, stop);
      stream.on("error", (error) => failed.abort(error));
      give(null, stream);
    });
  }
  zip.end();
  try {
    await pipeline(zip.outputStream, createWriteStream(path, { flags: "wx" }), { signal: stop });
  } catch (error) {
    throw stop.aborted ? stop.reason : error;
  } finally {
    failed.abort();
  }
}

/** Compares by code units, which gives the same order on every machine. */
function compareCodeUnits(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}

/** Options of `writeCopy`. */
export interface PackingOptions {
  readonly level: Level;
  readonly signal: AbortSignal;
  /** Called after each archive is written. */
  readonly onArchive?: (path: string, bytes: number) => void;
}

/** Writes a compressed copy of a package into an empty folder. */
export async function writeCopy(
  { archives, unarchived, folders }: PackingPlan,
  target: string,
  { level, signal, onArchive }: PackingOptions,
): Promise<void> {
  for (const folder of folders) await mkdir(join(target, folder), { recursive: true });
  for (const file of unarchived) {
    signal.throwIfAborted();
    const path = join(target, file.relativePath);
    await pipeline(streamOf(file, signal), createWriteStream(path, { flags: "wx" }), { signal });
  }
  for (const archive of archives) {
    const path = join(target, archive.path);
    await mkdir(dirname(path), { recursive: true });
    await writeArchive(path, archive, level, signal);
    onArchive?.(archive.path, (await stat(path)).size);
  }
}

/** A compressed copy in a directory with the name of the original. Disposing it deletes it. */
export interface TemporaryCopy extends AsyncDisposable {
  readonly directory: string;
  /** The number of archives in the copy. */
  readonly archives: number;
}

/**
 * Compresses an application package into a private temporary folder. Does not modify the original.
 * @param content The content to compress. By default all of the directory.
 */
export async function packToTemporaryCopy(
  directory: string,
  signal: AbortSignal,
  content?: PackageContent,
): Promise<TemporaryCopy> {
  if (content !== undefined) requireApplicationPackage(directory, content);
  const plan = planPacking(content ?? (await readApplicationPackage(directory, signal)));
  const scratch = await mkdtemp(join(tmpdir(), "sf-image-store-pack-"));
  const remove = () => rm(scratch, { recursive: true, force: true });
  try {
    const copy = join(scratch, basename(resolve(directory)) || "package");
    await mkdir(copy);
    await writeCopy(plan, copy, { level: 6, signal });
    return { directory: copy, archives: plan.archives.length, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw asDiskFullError(error, temporaryFolderText("the compressed copy"));
  }
}
