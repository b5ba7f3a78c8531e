import { crc32 } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { InvalidInputError } from "../errors/errors.js";
import { rejectPaths } from "../package/names.js";
import { type ClosableSource, foldersAbove } from "../package/package-options.js";
import { sourceOfBytes } from "./file-source.js";
import { compareStrings, type LocalContent, Selection, type SelectionOptions } from "./selection.js";
import { TemporaryFile } from "./temporary-file.js";

/** Options of `openArchive`. */
export interface ArchiveOptions extends SelectionOptions {
  /** Aborts reading. */
  readonly abortSignal?: AbortSignal;
}

/** The content of an archive. Disposing it closes the archive. */
export interface ArchiveContent extends LocalContent, AsyncDisposable {}

/** A file in an archive is damaged: its bytes do not match the size or checksum in the archive. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** Larger files are unpacked to a temporary file while they are sent. */
const maxKeptBytes = 256 * 1024;

/**
 * Opens a zip archive, such as an `.sfpkg` file, as a package. Files are unpacked one by one while they are sent: those above
 * 256 KiB to temporary files, which are deleted even if the process is killed. Sizes and checksums are verified before a file is
 * sent; if they do not match, the upload fails because of an ArchiveError.
 *
 * Rejects with InvalidInputError for a file that is no zip archive, and with one InvalidInputError for all entries that cannot be
 * uploaded: names that lead out of the archive, duplicates, symbolic links, encrypted or overlapping entries, and sizes that the
 * compressed bytes cannot have.
 */
export async function openArchive(path: string, options: ArchiveOptions = {}): Promise<ArchiveContent> {
  const { abortSignal } = options;
  const { getFileNameLowLevel, openPromise } = await import("yauzl");
  const zip = await attempt(
    path,
    openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false }),
  );
  try {
    const selection = new Selection(options);
    const entries: NamedEntry[] = [];
    for await (const entry of entriesOf(path, zip)) {
      abortSignal?.throwIfAborted();
      const { generalPurposeBitFlag: flags, fileNameRaw, extraFields } = entry;
      // Not strict: older tools on Windows separate names by backslashes.
      entries.push({ entry, name: getFileNameLowLevel(flags, fileNameRaw, extraFields, false) });
    }
    const unpacking = new AbortController();
    const signal = AbortSignal.any([unpacking.signal, ...(abortSignal === undefined ? [] : [abortSignal])]);
    for (const { entry, name } of selectEntries(selection, entries)) {
      const size = entry.uncompressedSize;
      selection.files.push({ relativePath: name, size, open: () => unpack(zip, entry, name, signal) });
    }
    rejectPaths(
      "archive",
      selection.problems.sort((a, b) => compareStrings(a.path, b.path)),
    );
    return {
      ...selection.content(),
      async [Symbol.asyncDispose]() {
        unpacking.abort();
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

interface NamedEntry {
  readonly entry: Entry;
  /** Ends with `/` for folders. */
  readonly name: string;
}

async function* entriesOf(path: string, zip: ZipFile): AsyncGenerator<Entry> {
  const entries = zip.eachEntry();
  for (;;) {
    const { value, done } = await attempt(path, entries.next());
    if (done) return;
    yield value;
  }
}

async function attempt<Value>(path: string, opening: Promise<Value>): Promise<Value> {
  try {
    return await opening;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError(
      "archive",
      `must be a zip archive, and ${path} cannot be read as one: ${reason}`,
      {
        cause,
      },
    );
  }
}

/** Returns the files to upload. Records folders and problems. */
function selectEntries(selection: Selection, entries: readonly NamedEntry[]): readonly NamedEntry[] {
  const overlapping = overlappingEntries(entries);
  const seen = new Set<string>();
  const files: NamedEntry[] = [];
  const folders = new Set<string>();
  for (const { entry, name } of entries) {
    const isFolder = name.endsWith("/");
    const path = isFolder ? name.slice(0, -1) : name;
    const isLeftOut = selection.leavesOutBelow(path, isFolder ? "folder" : "file");
    const reason = seen.has(path)
      ? "is in the archive more than once"
      : entryProblem(entry, name, overlapping);
    seen.add(path);
    if (isLeftOut) continue;
    if (reason !== undefined) selection.problems.push({ path, reason });
    else if (!isFolder) files.push({ entry, name });
    if (reason === undefined) for (const folder of foldersAbove(name)) folders.add(folder);
  }
  selection.folders.push(...folders);
  return files;
}

/** Why an entry cannot be uploaded. Other rules for names are those of every package. */
function entryProblem(entry: Entry, name: string, overlapping: ReadonlySet<Entry>): string | undefined {
  if (/^(\/|[a-z]:)/i.test(name)) return "is an absolute path";
  if (name.split("/").includes("..")) return "leads out of the archive";
  const kind = unixKindOf(entry);
  if (kind === 0o120000) return "is a symbolic link";
  if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000) return "is a special file";
  if (name.endsWith("/")) return entry.uncompressedSize === 0 ? undefined : "is a folder with content";
  if (entry.isEncrypted()) return "is encrypted";
  const method = entry.compressionMethod;
  if (method !== 0 && method !== 8) return `has a compression method that is not supported (${method})`;
  if (overlapping.has(entry)) return "overlaps with another entry of the archive";
  if (entry.uncompressedSize > maxInflated(entry.compressedSize))
    return "has a size that its bytes cannot have";
  return undefined;
}

/** The most that `deflate` can expand to: 1032 bytes for each byte. */
function maxInflated(compressedSize: number): number {
  return 1032 * compressedSize;
}

/** The type bits of the mode. 0 if the archive has none. */
function unixKindOf({ versionMadeBy, externalFileAttributes }: Entry): number {
  const system = versionMadeBy >> 8;
  const hasMode = system === 3 || system === 19;
  return hasMode ? (externalFileAttributes >>> 16) & 0o170000 : 0;
}

/** Entries that share bytes, with which small archives unpack to any size. The size of the local header is a minimum. */
function overlappingEntries(entries: readonly NamedEntry[]): ReadonlySet<Entry> {
  const overlapping = new Set<Entry>();
  const sorted = entries
    .map(({ entry }) => entry)
    .sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let [previous] = sorted;
  for (const entry of sorted.slice(1)) {
    if (previous !== undefined && endOf(previous) > entry.relativeOffsetOfLocalHeader) {
      overlapping.add(previous).add(entry);
    }
    if (previous === undefined || endOf(entry) > endOf(previous)) previous = entry;
  }
  return overlapping;
}

function endOf({ relativeOffsetOfLocalHeader, fileNameLength, compressedSize }: Entry): number {
  return relativeOffsetOfLocalHeader + 30 + fileNameLength + compressedSize;
}

/** Unpacks a file and verifies its size and checksum. */
async function unpack(
  zip: ZipFile,
  entry: Entry,
  name: string,
  signal: AbortSignal,
): Promise<ClosableSource> {
  const size = entry.uncompressedSize;
  const identity = `${name} ${size} ${entry.crc32}`;
  if (size <= maxKeptBytes) {
    const bytes = new Uint8Array(size);
    let position = 0;
    await inflate(zip, entry, name, signal, async (piece) => {
      bytes.set(piece, position);
      position += piece.byteLength;
    });
    return sourceOfBytes(bytes, identity, async () => {});
  }
  const file = await TemporaryFile.create();
  try {
    await inflate(zip, entry, name, signal, (piece) => file.append(piece));
    return { ...(await file.toSource(name)), identity };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function inflate(
  zip: ZipFile,
  entry: Entry,
  name: string,
  signal: AbortSignal,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  let checksum = 0;
  for await (const piece of piecesOf(zip, entry, name, signal)) {
    checksum = crc32(piece, checksum);
    await write(piece);
  }
  if (checksum !== entry.crc32) {
    throw new ArchiveError(`${name} in the archive is damaged: its checksum does not match.`);
  }
}

/** The library verifies the size: the stream fails before it returns more bytes than the archive declares. */
async function* piecesOf(
  zip: ZipFile,
  entry: Entry,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    const stream = await zip.openReadStreamPromise(entry);
    const stop = () => void stream.destroy();
    signal.addEventListener("abort", stop, { once: true });
    try {
      yield* stream;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    signal.throwIfAborted();
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError(`${name} in the archive is damaged: ${reason}.`, { cause });
  }
}
