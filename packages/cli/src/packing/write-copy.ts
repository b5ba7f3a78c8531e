import { createWriteStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { PackingPlan } from "./plan.js";
import { streamOf } from "./source-stream.js";
import { type Level, writeArchive } from "./write-archive.js";

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
