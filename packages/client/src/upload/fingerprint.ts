import { Limiter } from "../async/concurrency.js";
import { InvalidInputError } from "../errors/errors.js";
import { BufferPool } from "./buffer-pool.js";
import { type ByteSource, inMemory, readRange } from "./byte-source.js";
import { planChunks } from "./plan.js";
import { sizeOf } from "./ranges.js";

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
