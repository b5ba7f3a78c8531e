import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import type { PlannedArchive } from "./plan.js";
import { streamOf } from "./source-stream.js";

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
