import { Limiter } from "../async/concurrency.js";
import { InvalidInputError } from "../errors/errors.js";
import type { ByteRange } from "../operations/upload-session.js";
import { type Bytes, hexOf, unsharedBytes } from "../wire/bytes.js";
import { guid, guidExpectation } from "../wire/validation.js";
import {
  type ByteSource,
  type EngineSource,
  inMemory,
  planChunks,
  readRange,
  sizeOf,
} from "./byte-source.js";

/** The block size for hashing. Changing it would change the session ID of the same content. */
const blockSize = 4 * 1024 * 1024;

/** Concurrent blocks over all files. */
const parallelBlocksOfAll = 4;

/** Limits the memory for hashing over all files without making one file wait for another to finish. */
export class BlockMemory {
  readonly #slots = new Limiter(parallelBlocksOfAll);
  readonly #buffers: BufferPool;

  constructor(buffers = new BufferPool(parallelBlocksOfAll)) {
    this.#buffers = buffers;
  }

  /**
   * Calls `work` with a buffer for a range of the source. The buffer is kept for `BufferPool.takeContent` if `work` returns true: it
   * contains the range.
   */
  async use(
    source: EngineSource,
    range: ByteRange,
    abortSignal: AbortSignal,
    work: (buffer: Uint8Array<ArrayBuffer>) => Promise<boolean>,
  ): Promise<void> {
    await this.#slots.run("chunk", abortSignal, async () => {
      // The first blocks of a file are sent first: keep them as long as there is room for what others read.
      const buffer = this.#buffers.take(sizeOf(range), parallelBlocksOfAll);
      const isRead = await work(buffer);
      this.#buffers.release(buffer, isRead ? { source, range } : undefined);
    });
  }
}

/** Uses the chunk buffers for hashing if blocks fit into them. */
export function blockMemory(
  { chunkSize, concurrency }: { readonly chunkSize: number; readonly concurrency: number },
  chunks: BufferPool,
): BlockMemory {
  const fits = chunkSize >= blockSize && concurrency >= parallelBlocksOfAll;
  return fits ? new BlockMemory(chunks) : new BlockMemory();
}

/**
 * The SHA-256 of the SHA-256 hashes of all 4 MiB blocks, so that the platform can hash blocks concurrently and the whole content
 * is never in memory.
 */
export async function contentDigest(
  source: EngineSource,
  memory: BlockMemory,
  abortSignal: AbortSignal,
  onHashed: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const blocks = planChunks(source.size, blockSize, undefined);
  const digests = new Uint8Array(32 * blocks.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; ; index = next++) {
      const block = blocks[index];
      if (block === undefined) break;
      await memory.use(source, block, abortSignal, async (buffer) => {
        const bytes = await readRange(source, block, { buffer, abortSignal });
        const content = await inMemory(bytes, abortSignal);
        digests.set(source.sha256?.(content) ?? (await sha256(content)), 32 * index);
        onHashed(sizeOf(block));
        return content.buffer === buffer.buffer && content.byteOffset === buffer.byteOffset;
      });
    }
  };
  const { parallelBlocks = 2 } = source;
  await Promise.all(Array.from({ length: Math.min(parallelBlocks, blocks.length) }, worker));
  return sha256(digests);
}

/** The result of `contentDigest` in hex for content that is in memory: `source` is where it was read. */
export async function digestOfBytes(
  bytes: Bytes,
  source: EngineSource,
  memory: BlockMemory,
  abortSignal: AbortSignal,
): Promise<string> {
  const { size } = source;
  if (bytes instanceof Uint8Array && size > 0 && size <= blockSize) {
    const digest = source.sha256?.(unsharedBytes(bytes));
    const all = digest === undefined ? undefined : source.sha256?.(new Uint8Array(digest));
    if (all !== undefined) return hexOf(all);
  }
  const read: ByteSource["read"] = async ({ startPosition: start, endPosition: end }) =>
    bytes instanceof Blob ? bytes.slice(start, end + 1) : bytes.subarray(start, end + 1);
  return hexOf(await contentDigest({ size, read }, memory, abortSignal, () => {}));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await subtleCrypto().digest("SHA-256", bytes));
}

/** Throws InvalidInputError if the platform has no `crypto.subtle`: browsers offer it only on https pages and localhost. */
export function subtleCrypto(): typeof crypto.subtle {
  const { subtle }: { subtle?: typeof crypto.subtle } = globalThis.crypto ?? {};
  if (subtle !== undefined) return subtle;
  throw new InvalidInputError(
    "fingerprint",
    "needs crypto.subtle, which browsers offer only on https pages: set sessionId instead",
  );
}

/** The random namespace of upload sessions for version 5 UUIDs (RFC 9562 §5.5). */
const namespace = "8f1d7c52-3b0e-4e6f-9c41-d5a0e7b26f93";

/**
 * The session ID of an upload. It is the same on every machine for the same content and path.
 * @param attempt 0, or how many derived IDs could not be used before.
 */
export async function deriveSessionId(
  storePath: string,
  size: number,
  fingerprint: string,
  attempt: number,
): Promise<string> {
  const name = new TextEncoder().encode(JSON.stringify([storePath, size, fingerprint, attempt]));
  const input = new Uint8Array(16 + name.length);
  input.set(bytesOfHex(namespace.replaceAll("-", "")));
  input.set(name, 16);
  const hash = new Uint8Array(await subtleCrypto().digest("SHA-1", input)).subarray(0, 16);
  // The version is in the upper half of byte 6, the variant in the upper bits of byte 8.
  hash.set([((hash[6] ?? 0) & 0x0f) | 0x50], 6);
  hash.set([((hash[8] ?? 0) & 0x3f) | 0x80], 8);
  return hexOf(hash).replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Throws InvalidInputError for an invalid session ID. Servers reject the all-zero GUID (protocol §3). */
export function requireSessionId(value: unknown): void {
  if (typeof value === "string" && guid.test(value) && /[1-9a-f]/i.test(value)) return;
  throw new InvalidInputError("sessionId", `${guidExpectation}, not all zero`);
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** A buffer that is not in use, and what it contains, if known. */
interface FreeBuffer {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly content: BufferContent | undefined;
}

/** What a buffer starts with. */
export interface BufferContent {
  readonly source: EngineSource;
  readonly range: ByteRange;
}

/**
 * Reuses buffers, because new buffers for every chunk would use memory faster than the garbage collector frees it. Give back a
 * buffer only if nothing can still be reading it. Do not give back the buffer of a failed request.
 *
 * What was read for hashing stays in buffers that nothing else needs, so that it does not have to be read again for sending.
 */
export class BufferPool {
  readonly #capacity: number;
  readonly #free: FreeBuffer[] = [];

  /** @param capacity The maximum number of buffers to keep. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Returns a buffer of at least `size` bytes with arbitrary content: one without known content if possible, otherwise the one
   * that was given back last.
   * @param reserved How many buffers of the pool others may need. Content is kept if there is room for them. Default: no content
   *   is kept.
   */
  take(size: number, reserved = this.#capacity): Uint8Array<ArrayBuffer> {
    const isLarge = ({ buffer }: FreeBuffer) => buffer.byteLength >= size;
    const isFull = this.#free.length + reserved >= this.#capacity;
    const found =
      this.#remove((one) => one.content === undefined && isLarge(one)) ??
      (isFull ? this.#remove(isLarge) : undefined);
    if (found !== undefined) return found;
    // Drop a buffer that is too small, so that the pool does not fill up with small buffers.
    if (isFull) this.#free.shift();
    return new Uint8Array(size);
  }

  /** Returns a buffer that starts with this range of the source; undefined if there is none. */
  takeContent(
    source: EngineSource,
    { startPosition, endPosition }: ByteRange,
  ): Uint8Array<ArrayBuffer> | undefined {
    return this.#remove(
      ({ content }) =>
        content?.source === source &&
        content.range.startPosition === startPosition &&
        content.range.endPosition >= endPosition,
    );
  }

  /** @param content What the buffer contains. Default: nothing that is needed again. */
  release(buffer: Uint8Array<ArrayBuffer>, content?: BufferContent): void {
    if (this.#free.length < this.#capacity) this.#free.push({ buffer, content });
  }

  #remove(isWanted: (one: FreeBuffer) => boolean): Uint8Array<ArrayBuffer> | undefined {
    const index = this.#free.findLastIndex(isWanted);
    return index < 0 ? undefined : this.#free.splice(index, 1)[0]?.buffer;
  }
}
