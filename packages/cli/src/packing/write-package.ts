import { createWriteStream } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type PackageFile, walkDirectory } from "@sf-image-store/client/node";
import { ZipFile } from "yazl";
import { UsageError } from "../errors/errors.js";
import {
  isApplicationManifest,
  type PackingPlan,
  type PlannedArchive,
  planPacking,
  readApplicationPackage,
  temporaryPlace,
  toldFullDisk,
} from "./plan.js";

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
    throw new UsageError(
      `The output ${path} overlaps with ${resolve(source)}. Use --output to specify another path.`,
    );
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return { path, isTaken: false };
  if (!force)
    throw new UsageError(
      `${path} already exists. Use --output to specify another path, or --force to overwrite it.`,
    );
  if (found.isDirectory() && !(await isPacked(path))) {
    throw new UsageError(
      `Refusing to overwrite ${path}: it is not the result of an earlier pack. Delete it first, or use --output to specify another path.`,
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

const pieceSize = 1024 * 1024;

/** The bytes of a file, a piece at a time. Ends in an error when the file changes meanwhile. */
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
 * What archives say of every file, so that the same content gives the same bytes on every machine. The format keeps local
 * times: noon of the day that it begins with exists in every time zone.
 */
function sameForAll() {
  return { mtime: new Date(1980, 0, 1, 12), forceDosTimestamp: true } as const;
}

/** Windows knows no executable files: on Linux, some must be. */
const fileMode = 0o100755;
const folderMode = 0o040755;

/** How hard to compress: 0 not at all, 9 the most. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Writes a zip archive, one file after the other, none of them held in memory. */
export async function writeArchive(
  path: string,
  { files, emptyFolders }: Pick<PlannedArchive, "files" | "emptyFolders">,
  compressionLevel: Level,
  signal: AbortSignal,
): Promise<void> {
  const zip = new ZipFile();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  // The library only tells of failures; what comes out would just never end.
  zip.on("error", (error: unknown) => failed.abort(error));
  const entries = [
    ...files.map(({ name, file }) => ({ name, file })),
    ...emptyFolders.map((name) => ({ name, file: undefined })),
  ].sort((a, b) => inOrder(a.name, b.name));
  for (const { name, file } of entries) {
    if (file === undefined) {
      zip.addEmptyDirectory(name, { ...sameForAll(), mode: folderMode });
      continue;
    }
    const options = { ...sameForAll(), mode: fileMode, size: file.size, compressionLevel };
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

/** By code units: the same on every machine. */
function inOrder(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}

/** How a copy is made, and who is told of it. */
export interface PackingOptions {
  readonly level: Level;
  readonly signal: AbortSignal;
  /** Called for every archive that is written. */
  readonly onArchive?: (path: string, bytes: number) => void;
}

/** Writes a compressed copy of a package into an empty folder. */
export async function writeCopy(
  { archives, loose, folders }: PackingPlan,
  target: string,
  { level, signal, onArchive }: PackingOptions,
): Promise<void> {
  for (const folder of folders) await mkdir(join(target, folder), { recursive: true });
  for (const file of loose) {
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

/** A compressed copy that goes away when it is disposed of. Its directory has the name of the original. */
export interface TemporaryCopy extends AsyncDisposable {
  readonly directory: string;
  /** How many folders became archives. */
  readonly archives: number;
}

/** Compresses an application package into a folder that nobody else can read. The original is only read. */
export async function packToTemporaryCopy(directory: string, signal: AbortSignal): Promise<TemporaryCopy> {
  const plan = planPacking(await readApplicationPackage(directory, signal));
  const scratch = await mkdtemp(join(tmpdir(), "sf-image-store-pack-"));
  const remove = () => rm(scratch, { recursive: true, force: true });
  try {
    const copy = join(scratch, basename(resolve(directory)) || "package");
    await mkdir(copy);
    await writeCopy(plan, copy, { level: 6, signal });
    return { directory: copy, archives: plan.archives.length, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw toldFullDisk(error, temporaryPlace());
  }
}
