import { Limiter } from "../async/concurrency.js";
import { InvalidInputError } from "../errors/errors.js";
import { type Bytes, unsharedBytes } from "../wire/bytes.js";
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

/** Concurrent blocks per file, so that reading one block overlaps with hashing another. */
const parallelBlocks = 2;

/** Concurrent blocks over all files. */
const parallelBlocksOfAll = 4;

/** Limits the memory for hashing over all files without making one file wait for another to finish. */
export class BlockMemory {
  readonly #slots = new Limiter(parallelBlocksOfAll);
  readonly #buffers: BufferPool;

  constructor(buffers = new BufferPool(parallelBlocksOfAll)) {
    this.#buffers = buffers;
  }

  async use(
    size: number,
    abortSignal: AbortSignal,
    work: (buffer: Uint8Array<ArrayBuffer>) => Promise<void>,
  ) {
    await this.#slots.run("chunk", abortSignal, async () => {
      const buffer = this.#buffers.take(size);
      await work(buffer);
      this.#buffers.release(buffer);
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
      await memory.use(sizeOf(block), abortSignal, async (buffer) => {
        const bytes = await readRange(source, block, { buffer, abortSignal });
        const content = await inMemory(bytes, abortSignal);
        digests.set(source.sha256?.(content) ?? (await sha256(content)), 32 * index);
        onHashed(sizeOf(block));
      });
    }
  };
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
  const hex = [...hash].map((byte, index) => {
    if (index === 6) return hexOfByte((byte & 0x0f) | 0x50);
    return hexOfByte(index === 8 ? (byte & 0x3f) | 0x80 : byte);
  });
  return [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)]
    .map((part) => part.join(""))
    .join("-");
}

/** Throws InvalidInputError for an invalid session ID. Servers reject the all-zero GUID (protocol §3). */
export function requireSessionId(value: unknown): void {
  if (typeof value === "string" && guid.test(value) && /[1-9a-f]/i.test(value)) return;
  throw new InvalidInputError("sessionId", `${guidExpectation}, not all zero`);
}

export function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += hexOfByte(byte);
  return hex;
}

function hexOfByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * Reuses buffers, because new buffers for every chunk would use memory faster than the garbage collector frees it. Give back a
 * buffer only if nothing can still be reading it. Do not give back the buffer of a failed request.
 */
export class BufferPool {
  readonly #capacity: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** @param capacity The maximum number of buffers to keep. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Returns a buffer of at least `size` bytes with arbitrary content. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const index = this.#free.findIndex((buffer) => buffer.byteLength >= size);
    // Drop a buffer that is too small, so that the pool does not fill up with small buffers.
    const [buffer] = this.#free.splice(Math.max(index, 0), 1);
    return buffer !== undefined && index >= 0 ? buffer : new Uint8Array(size);
  }

  release(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#capacity) this.#free.push(buffer);
  }
}
