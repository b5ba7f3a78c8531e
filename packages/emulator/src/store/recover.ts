import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Catalog, FileVersion, StoredFile, VersionCounter } from "./catalog.js";
import type { DiskNames } from "./disk-names.js";
import type { JournalChange, JournalContent, JournalEntry } from "./journal.js";
import { type Platform, parentsOf, parseStorePath, type StorePath } from "./store-path.js";

/** The structures that the recovery fills. */
export interface Recovered {
  readonly catalog: Catalog;
  readonly names: DiskNames;
  readonly versions: VersionCounter;
}

/**
 * Builds the catalog of a content folder. The disk determines which files exist. The journal adds spelling, version and session
 * of each file whose size and time match. So a store works even if its journal was lost, or if a user copied files into it.
 */
export function recover(
  root: string,
  platform: Platform,
  journal: JournalContent,
  { catalog, names, versions }: Recovered,
): void {
  const known = lastEntries(journal, platform);
  const seen = new Map<string, string>();
  for (const [disk, isFolder] of entriesBelow(root, "")) {
    const path = readPath(disk, platform);
    if (path === undefined) continue;
    const other = seen.get(path.key);
    if (other !== undefined) throw new Error(oneName(join(root, other), join(root, disk)));
    seen.set(path.key, disk);
    if (isFolder) names.remember(path.key, disk);
    else catalog.set(describe(root, disk, path, platform, known.get(path.key), () => versions.next()));
  }
}

/** If the store used one of them, the other would be invisible but would block writes (protocol §5.2). */
function oneName(left: string, right: string): string {
  return `${left} and ${right} have the same name in the image store. Rename or remove one of them.`;
}

function describe(
  root: string,
  diskPath: string,
  onDisk: StorePath,
  platform: Platform,
  entry: JournalEntry | undefined,
  nextVersion: () => FileVersion,
): StoredFile {
  const { size, mtimeMs } = statSync(join(root, diskPath));
  const modifiedAt = Math.round(mtimeMs);
  const place = { key: onDisk.key, diskPath, stable: true };
  if (entry !== undefined && entry.size === size && entry.modifiedAt === modifiedAt) {
    const { path, version, sessionId } = entry;
    const display = readPath(path, platform)?.display ?? onDisk.display;
    const session = sessionId === undefined ? {} : { sessionId };
    return { ...place, path: display, version, size, modifiedAt, ...session };
  }
  return { ...place, path: onDisk.display, version: nextVersion(), size, modifiedAt };
}

/** The journal entry of a file. */
export function toEntry({ path, version, sessionId, size, modifiedAt }: StoredFile): JournalEntry {
  return { path, version, size, modifiedAt, ...(sessionId === undefined ? {} : { sessionId }) };
}

/** Lists folders before their content. Ignores symbolic links and other special files. */
function* entriesBelow(root: string, folder: string): Generator<readonly [disk: string, isFolder: boolean]> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const disk = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) yield [disk, false];
    if (!entry.isDirectory()) continue;
    yield [disk, true];
    yield* entriesBelow(root, disk);
  }
}

function lastEntries({ changes }: JournalContent, platform: Platform): Map<string, JournalEntry> {
  const last = new Map<string, { readonly line: number; readonly entry: JournalEntry }>();
  /** The last line that deleted each folder. Applied at the end, because searching all files for each such line would be slow. */
  const emptied = new Map<string, number>();
  for (const [line, change] of changes.entries()) {
    const path = readPath(pathOf(change), platform);
    if (path === undefined) continue;
    if ("removed" in change) last.delete(path.key);
    else if ("removedBelow" in change) emptied.set(path.key, line);
    else last.set(path.key, { line, entry: change });
  }
  const kept = new Map<string, JournalEntry>();
  for (const [key, { line, entry }] of last) {
    if (!parentsOf(key).some((parent) => (emptied.get(parent) ?? -1) > line)) kept.set(key, entry);
  }
  return kept;
}

function pathOf(change: JournalChange): string {
  if ("removed" in change) return change.removed;
  return "removedBelow" in change ? change.removedBelow : change.path;
}

/** Undefined for a path that no request can write. */
function readPath(text: string, platform: Platform): StorePath | undefined {
  try {
    return parseStorePath(text, platform);
  } catch {
    return undefined;
  }
}
