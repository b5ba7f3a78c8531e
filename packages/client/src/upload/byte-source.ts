import { untilAborted } from "../async/clock.js";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import { type Bytes, byteLength, unsharedBytes } from "../wire/bytes.js";
import { SourceError } from "./upload-error.js";

/**
 * Content to upload: a known number of bytes, of which any range can be read repeatedly. The client reads content when it sends
 * it and does not keep it, so a source may be larger than memory.
 */
export interface ByteSource {
  /** The size in bytes. Must not change during an upload. */
  readonly size: number;
  /** Reads all bytes of a range inside `size`. The upload fails if it returns fewer or more. */
  read(range: ByteRange, options: ReadOptions): Promise<Bytes>;
  /**
   * Rejects if the content has changed since the upload began. Called after all content was sent and before the commit. Without
   * this method, the client reads and hashes the content again if it uses the fingerprint `"content"`.
   */
  assertUnchanged?(): Promise<void>;
  /** A string that changes with the content, such as name and modification time. Required for `fingerprint: "stat"`. */
  readonly identity?: string;
}

export interface ReadOptions {
  /**
   * A buffer to read into, at least as long as the range. A source may return a part of it. The client reuses the buffer after
   * the request with these bytes has finished.
   */
  readonly buffer?: Uint8Array<ArrayBuffer>;
  /** Aborted when the bytes are no longer needed. */
  readonly abortSignal: AbortSignal;
}

/** Content that can be uploaded. Do not change bytes in memory during the upload. */
export type UploadSource = Blob | Uint8Array | ByteSource;

export interface EngineSource extends ByteSource {
  /** The whole content, if it needs no additional memory. */
  readonly whole?: Bytes;
  /** Returns the SHA-256 hash if the platform computes it faster than `crypto.subtle`, which copies the bytes for a thread. */
  sha256?(bytes: Uint8Array<ArrayBuffer>): Uint8Array | undefined;
  /** How many blocks to hash at a time. @default 2, so that reading one overlaps with hashing another */
  readonly parallelBlocks?: number;
}

/** Converts any source to an EngineSource. Throws InvalidInputError. */
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
    throw new InvalidInputError(
      "source",
      `must have a size that is a whole number of bytes, got ${source.size}`,
    );
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

/** Reads all bytes of a range. Throws SourceError. */
export async function readRange(source: ByteSource, range: ByteRange, options: ReadOptions): Promise<Bytes> {
  const bytes = await attempt(() => source.read(range, options), options.abortSignal);
  const size = byteLength("source", bytes);
  if (size !== sizeOf(range)) {
    const { startPosition, endPosition } = range;
    throw new SourceError(
      `The source changed: it returned ${size} bytes for positions ${startPosition} to ${endPosition}.`,
    );
  }
  return bytes;
}

/** Throws SourceError if the source has changed. */
export async function requireUnchanged(source: ByteSource, abortSignal: AbortSignal): Promise<void> {
  await attempt(async () => source.assertUnchanged?.(), abortSignal);
}

/** Throws SourceError if a Blob can no longer be read, for example because its file has changed. */
export async function requireReadable(bytes: Bytes, abortSignal: AbortSignal): Promise<void> {
  if (bytes instanceof Blob) await attempt(() => bytes.slice(0, 1).arrayBuffer(), abortSignal);
}

/** Reads a Blob into memory. Throws SourceError if it can no longer be read. */
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
    throw new SourceError(`The source can no longer be read: ${reason}.`.replace(/\.\.$/, "."), { cause });
  }
}

/** Throws InvalidInputError for paths, which only the entry point for Node.js accepts. */
export function refusePath(parameter: string, value: unknown): void {
  if (typeof value !== "string" && !(value instanceof URL)) return;
  throw new InvalidInputError(
    parameter,
    'must not be a path, which only the client of "@sf-image-store/client/node" can upload',
  );
}

export function sizeOf({ startPosition, endPosition }: ByteRange): number {
  return endPosition - startPosition + 1;
}

export function sumOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + sizeOf(range), 0);
}

/** The range of a whole file that is not empty. */
export function wholeOf(size: number): ByteRange {
  return { startPosition: 0, endPosition: size - 1 };
}

/**
 * The chunks to send, in ascending order: the expected ranges in pieces of at most `chunkSize` bytes. A chunk must be inside
 * one expected range (protocol §2.2).
 * @param session The session on the server; undefined if there is none and everything is missing.
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

/** Starts the list at another position, so that concurrent uploads of a file rarely send the same chunk. `at` is in [0, 1). */
export function rotate<Item>(items: readonly Item[], at: number): Item[] {
  const first = Math.floor(items.length * at);
  return [...items.slice(first), ...items.slice(0, first)];
}
