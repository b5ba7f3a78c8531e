import { Limiter } from "../async/concurrency.js";
import { InvalidInputError } from "../errors/errors.js";
import { guid, guidExpectation } from "../wire/validation.js";
import { type ByteSource, inMemory, planChunks, readRange, sizeOf } from "./byte-source.js";

/** Bytes hashed at a time. Part of what an id is made of: another size would be another id for the same content. */
const blockSize = 4 * 1024 * 1024;

/** Blocks of one file in work at once: reading one overlaps with hashing another. */
const parallelBlocks = 2;

/** Blocks of all files in work at once. */
const parallelBlocksOfAll = 4;

/** Memory for blocks: bounded over all files, and no file waits for the end of another. */
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
      this.#buffers.giveBack(buffer);
    });
  }
}

/** Where blocks fit into the memory that chunks are sent from later, they use the same. */
export function blockMemory(
  { chunkSize, concurrency }: { readonly chunkSize: number; readonly concurrency: number },
  chunks: BufferPool,
): BlockMemory {
  const doFit = chunkSize >= blockSize && concurrency >= parallelBlocksOfAll;
  return doFit ? new BlockMemory(chunks) : new BlockMemory();
}

/**
 * The SHA-256 over the SHA-256 of each 4 MiB block, so that blocks can be hashed by the platform, several at a time,
 * without ever holding the whole.
 */
export async function contentDigest(
  source: ByteSource,
  memory: BlockMemory,
  abortSignal: AbortSignal,
  onHashed: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const blocks = planChunks(source.size, blockSize, undefined);
  const digests = new Uint8Array(32 * blocks.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < blocks.length; index = next++) {
      const block = blocks[index];
      if (block === undefined) break;
      await memory.use(sizeOf(block), abortSignal, async (buffer) => {
        const bytes = await readRange(source, block, { buffer, abortSignal });
        digests.set(await sha256(await inMemory(bytes, abortSignal)), 32 * index);
        onHashed(sizeOf(block));
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelBlocks, blocks.length) }, worker));
  return sha256(digests);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await subtleCrypto().digest("SHA-256", bytes));
}

/** Browsers have it on https pages and on localhost only. Throws InvalidInputError. */
export function subtleCrypto(): typeof crypto.subtle {
  const { subtle }: { subtle?: typeof crypto.subtle } = globalThis.crypto ?? {};
  if (subtle !== undefined) return subtle;
  throw new InvalidInputError(
    "fingerprint",
    "needs the platform's crypto.subtle, which browsers offer on https pages only: give a session id instead",
  );
}

/** The namespace of upload sessions among all version 5 UUIDs (RFC 9562 §5.5). Made once, at random. */
const namespace = "8f1d7c52-3b0e-4e6f-9c41-d5a0e7b26f93";

/**
 * The id of an upload: the same for the same content to the same path, on every machine; another for anything else.
 * @param life 0, or which new beginning this is after an id that could not be used.
 */
export async function deriveSessionId(
  storePath: string,
  size: number,
  fingerprint: string,
  life: number,
): Promise<string> {
  const name = new TextEncoder().encode(JSON.stringify([storePath, size, fingerprint, life]));
  const input = new Uint8Array(16 + name.length);
  input.set(bytesOfHex(namespace.replaceAll("-", "")));
  input.set(name, 16);
  const hash = new Uint8Array(await subtleCrypto().digest("SHA-1", input)).subarray(0, 16);
  // The version in the upper half of byte 6, the variant in the upper bits of byte 8.
  const hex = [...hash].map((byte, index) => {
    if (index === 6) return hexOfByte((byte & 0x0f) | 0x50);
    return hexOfByte(index === 8 ? (byte & 0x3f) | 0x80 : byte);
  });
  return [hex.slice(0, 4), hex.slice(4, 6), hex.slice(6, 8), hex.slice(8, 10), hex.slice(10)]
    .map((part) => part.join(""))
    .join("-");
}

/** Throws InvalidInputError for what is no session id. Servers refuse the all-zero one (protocol §3). */
export function requireSessionId(value: unknown): void {
  if (typeof value === "string" && guid.test(value) && /[1-9a-f]/i.test(value)) return;
  throw new InvalidInputError("sessionId", `${guidExpectation}, not all zero`);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, hexOfByte).join("");
}

function hexOfByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * Memory that is used over and over: a new buffer for every chunk would pile up faster than it is collected. Only what
 * nobody can be reading any more may be given back; what a failed request held is left to the garbage collector.
 */
export class BufferPool {
  readonly #capacity: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** @param capacity How many buffers to keep at most. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A buffer of at least `size` bytes with anything in it. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const index = this.#free.findIndex((buffer) => buffer.byteLength >= size);
    // One that is too small makes room for the new one, or the pool would fill up with such.
    const [buffer] = this.#free.splice(Math.max(index, 0), 1);
    return buffer !== undefined && index >= 0 ? buffer : new Uint8Array(size);
  }

  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#capacity) this.#free.push(buffer);
  }
}
