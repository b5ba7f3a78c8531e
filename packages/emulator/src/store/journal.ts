import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { systemErrorCode } from "../wire/fabric-error.js";
import type { FileVersion } from "./catalog.js";

/** The metadata of a file that the file system cannot store. */
export interface JournalEntry {
  /** The path as spelled in the last write. */
  readonly path: string;
  readonly version: FileVersion;
  readonly sessionId?: string;
  readonly size: number;
  readonly modifiedAt: number;
}

/** A file that was written, a file that was deleted, or a folder that was deleted. */
export type JournalChange = JournalEntry | { readonly removed: string } | { readonly removedBelow: string };

/** The content of a journal, with `changes` in the order of its lines. */
export interface JournalContent {
  /** The most recent version. */
  readonly version?: FileVersion;
  readonly changes: readonly JournalChange[];
}

/**
 * The index of a store on disk: one line of JSON per change, appended before the change itself. If the process crashes, the
 * last line can be incomplete, which the next start ignores, or it can describe a file that was not written, which the next
 * start detects by size and time.
 */
export class Journal {
  readonly #file: string;
  #descriptor: number;
  #length: number;
  #lines: number;

  /** Replaces the journal atomically with one that describes the current state. */
  constructor(file: string, version: FileVersion, entries: Iterable<JournalEntry>) {
    this.#file = file;
    ({
      descriptor: this.#descriptor,
      length: this.#length,
      lines: this.#lines,
    } = write(file, version, entries));
  }

  /** The number of lines in the file. If it is much larger than the number of files, a rewrite pays off. */
  get lines(): number {
    return this.#lines;
  }

  /** Size on disk in bytes. */
  get length(): number {
    return this.#length;
  }

  append(change: JournalChange): void {
    const line = Buffer.from(`${encode(change)}\n`);
    try {
      writeAll(this.#descriptor, line, this.#length);
    } catch (error) {
      // If the disk is full, a part of the line can have been written.
      ftruncateSync(this.#descriptor, this.#length);
      throw error;
    }
    this.#length += line.length;
    this.#lines += 1;
  }

  rewrite(version: FileVersion, entries: Iterable<JournalEntry>): void {
    const fresh = write(this.#file, version, entries);
    closeSync(this.#descriptor);
    ({ descriptor: this.#descriptor, length: this.#length, lines: this.#lines } = fresh);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Reads a journal. Skips invalid lines, and treats a missing file as empty. */
export function readJournal(file: string): JournalContent {
  let version: FileVersion | undefined;
  const changes: JournalChange[] = [];
  for (const line of textOf(file).split("\n")) {
    const value = parse(line);
    if (value === undefined) continue;
    const parsed = readVersion(value["version"]);
    version = latest(version, parsed);
    const entry = readEntry(value, parsed);
    if (entry !== undefined) changes.push(entry);
  }
  return version === undefined ? { changes } : { version, changes };
}

function write(file: string, version: FileVersion, entries: Iterable<JournalEntry>) {
  const lines = [JSON.stringify({ version: encodeVersion(version) }), ...[...entries].map(encode)];
  const bytes = Buffer.from(`${lines.join("\n")}\n`);
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, "w");
  try {
    writeAll(descriptor, bytes, 0);
    renameSync(temporary, file);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { descriptor, length: bytes.length, lines: lines.length };
}

function writeAll(descriptor: number, bytes: Buffer, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
  }
}

/** Converts the numbers of a version first, because a replacer would make JSON.stringify several times slower. */
function encode(change: JournalChange): string {
  return JSON.stringify("version" in change ? { ...change, version: encodeVersion(change.version) } : change);
}

function encodeVersion({ dataLoss, configuration, number }: FileVersion) {
  return { dataLoss: String(dataLoss), configuration: String(configuration), number };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw error;
  }
}

type Members = Readonly<Record<string, unknown>>;

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function parse(line: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readVersion(value: unknown): FileVersion | undefined {
  if (!isMembers(value)) return undefined;
  const { dataLoss, configuration, number } = value;
  const isText = (text: unknown): text is string => typeof text === "string" && /^\d{1,20}$/.test(text);
  if (!isText(dataLoss) || !isText(configuration) || !isCount(number)) return undefined;
  return { dataLoss: BigInt(dataLoss), configuration: BigInt(configuration), number };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function readEntry(value: Members, version: FileVersion | undefined): JournalChange | undefined {
  const { path, sessionId, size, modifiedAt, removed, removedBelow } = value;
  if (typeof removedBelow === "string") return { removedBelow };
  if (typeof removed === "string") return { removed };
  if (typeof path !== "string" || version === undefined || !isCount(size)) return undefined;
  if (typeof modifiedAt !== "number") return undefined;
  return { path, version, size, modifiedAt, ...(typeof sessionId === "string" ? { sessionId } : {}) };
}

function latest(left: FileVersion | undefined, right: FileVersion | undefined): FileVersion | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const configuration = left.configuration > right.configuration ? left.configuration : right.configuration;
  return { dataLoss: left.dataLoss, configuration, number: Math.max(left.number, right.number) };
}
