import { untilAborted } from "../async/clock.js";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import { type Bytes, byteLength, unsharedBytes } from "../wire/bytes.js";
import { SourceError } from "./upload-error.js";

/**
 * Content to upload: bytes of a known number, of which any range can be read, as often as needed. What is sent is read
 * when it is sent and not kept, so a source may be larger than memory.
 */
export interface ByteSource {
  /** In bytes. Must not change during an upload. */
  readonly size: number;
  /** Reads exactly the bytes of a range that lies inside `size`. Fewer or more end the upload with an error. */
  read(range: ByteRange, options: ReadOptions): Promise<Bytes>;
  /**
   * Rejects when the content is no longer that of the beginning. Called after all was sent, before the upload is
   * committed. Without it, what has a fingerprint of its content is read and hashed a second time.
   */
  assertUnchanged?(): Promise<void>;
  /** What changes whenever the content does, such as name and time of a file. Needed for `fingerprint: "stat"` only. */
  readonly identity?: string;
}

export interface ReadOptions {
  /**
   * Memory to read into, at least as long as the range: a source may return a part of it. It is used again for another
   * range once the request with these bytes has been answered.
   */
  readonly buffer?: Uint8Array<ArrayBuffer>;
  /** Aborted when the bytes are no longer needed. */
  readonly abortSignal: AbortSignal;
}

/** What can be uploaded. Bytes in memory must be left alone while they are. */
export type UploadSource = Blob | Uint8Array | ByteSource;

/** A source that can also be had as a whole, without taking memory for it. */
export interface EngineSource extends ByteSource {
  readonly whole?: Bytes;
}

/** Any source in the one form the engine knows. Throws InvalidInputError. */
export function engineSource(source: UploadSource): EngineSource {
  if (source instanceof Blob) return blobSource(source);
  if (source instanceof Uint8Array) {
    const { byteLength: size } = source;
    return {
      size,
      whole: source,
      read: async ({ startPosition, endPosition }) => source.subarray(startPosition, endPosition + 1),
    };
  }
  if (typeof source !== "object" || source === null || typeof source.read !== "function") {
    throw new InvalidInputError("source", "must be a Blob, a Uint8Array, or an object with size and read");
  }
  if (!Number.isSafeInteger(source.size) || source.size < 0) {
    throw new InvalidInputError("source", `must have a size in whole bytes, got ${source.size}`);
  }
  return source;
}

/** Platforms refuse to read a file that has changed since its Blob was made. */
function blobSource(blob: Blob): EngineSource {
  return {
    size: blob.size,
    whole: blob,
    read: async ({ startPosition, endPosition }) => blob.slice(startPosition, endPosition + 1),
    assertUnchanged: async () => void (await blob.slice(0, 1).arrayBuffer()),
    ...("name" in blob && "lastModified" in blob ? { identity: `${blob.name} ${blob.lastModified}` } : {}),
  };
}

/** The bytes of a range, all of them. Throws SourceError. */
export async function readRange(source: ByteSource, range: ByteRange, options: ReadOptions): Promise<Bytes> {
  const bytes = await attempt(() => source.read(range, options), options.abortSignal);
  const size = byteLength("source", bytes);
  if (size !== sizeOf(range)) {
    const { startPosition, endPosition } = range;
    throw new SourceError(
      `The source gave ${size} bytes for positions ${startPosition} to ${endPosition}: it has changed since the upload began.`,
    );
  }
  return bytes;
}

/** Throws SourceError when the source says that it has changed. */
export async function requireUnchanged(source: ByteSource, abortSignal: AbortSignal): Promise<void> {
  await attempt(async () => source.assertUnchanged?.(), abortSignal);
}

/** Throws SourceError when bytes that were not in memory can no longer be read, as those of a file that has changed. */
export async function requireReadable(bytes: Bytes, abortSignal: AbortSignal): Promise<void> {
  if (bytes instanceof Blob) await attempt(() => bytes.slice(0, 1).arrayBuffer(), abortSignal);
}

/** The bytes themselves. Throws SourceError when they can no longer be read. */
export async function inMemory(bytes: Bytes, abortSignal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (!(bytes instanceof Blob)) return unsharedBytes(bytes);
  return new Uint8Array(await attempt(() => bytes.arrayBuffer(), abortSignal));
}

async function attempt<Value>(call: () => Promise<Value>, abortSignal: AbortSignal): Promise<Value> {
  try {
    return await untilAborted(abortSignal, call());
  } catch (cause) {
    abortSignal.throwIfAborted();
    if (cause instanceof SourceError || cause instanceof InvalidInputError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(`The source cannot be read any more: ${reason}.`.replace(/\.\.$/, "."), { cause });
  }
}

/** Refuses what only the entry point for Node.js takes. Throws InvalidInputError. */
export function refusePath(parameter: string, value: unknown): void {
  if (typeof value !== "string" && !(value instanceof URL)) return;
  throw new InvalidInputError(
    parameter,
    'must not be a path here: to upload files and directories of this machine, import createImageStoreClient from "@sf-image-store/client/node"',
  );
}

export function sizeOf({ startPosition, endPosition }: ByteRange): number {
  return endPosition - startPosition + 1;
}

export function sumOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + sizeOf(range), 0);
}

/** All of a file that is not empty. */
export function wholeOf(size: number): ByteRange {
  return { startPosition: 0, endPosition: size - 1 };
}

/**
 * The chunks to send: what the server expects, cut to at most `chunkSize` bytes each, ascending. A chunk never spans a gap,
 * for it must lie inside one expected range (protocol §2.2).
 * @param session What the server knows; undefined when it knows nothing, so that everything is missing.
 */
export function planChunks(
  fileSize: number,
  chunkSize: number,
  session: Pick<UploadSession, "expectedRanges"> | undefined,
): ByteRange[] {
  const missing = session === undefined ? [wholeOf(fileSize)] : session.expectedRanges;
  return missing.flatMap((range) => splitRange(range, chunkSize));
}

function splitRange({ startPosition, endPosition }: ByteRange, size: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let start = startPosition; start <= endPosition; start += size) {
    pieces.push({ startPosition: start, endPosition: Math.min(start + size - 1, endPosition) });
  }
  return pieces;
}

/** The same chunks, beginning elsewhere: two who send the same file then seldom meet. `at` is from 0 to below 1. */
export function rotated<Item>(items: readonly Item[], at: number): Item[] {
  const first = Math.floor(items.length * at);
  return [...items.slice(first), ...items.slice(0, first)];
}
