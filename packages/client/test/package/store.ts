import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  type Emulator,
  type EmulatorOptions,
  type RequestLogEntry,
  startEmulator,
} from "@sf-image-store/emulator";
import type {
  ClientOptions,
  ClosableSource,
  PackageContent,
  PackageFile,
  RetryOptions,
} from "../../src/index.js";
import { createImageStoreClient, type NodeImageStoreClient } from "../../src/node/index.js";

/** Retries without delays. */
export const quick: RetryOptions = { retryDelayMs: 1, maxRetryDelayMs: 5 };

export interface Store extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly client: NodeImageStoreClient;
  /** The requests answered so far. */
  readonly requests: RequestLogEntry[];
  /** Another client, which does not share what the first one remembers. */
  newClient(options?: Partial<ClientOptions>): NodeImageStoreClient;
  /** The sizes of all files below a path on the emulator's disk, by relative path. */
  sizesAt(storePath: string): Promise<Record<string, number>>;
  /** The requested operations, without consecutive repetitions. */
  operations(): string[];
}

export async function startStore(options: EmulatorOptions = {}): Promise<Store> {
  const requests: RequestLogEntry[] = [];
  const emulator = await startEmulator({ ...options, onRequest: (entry) => requests.push(entry) });
  const newClient = (own: Partial<ClientOptions> = {}) =>
    createImageStoreClient({ endpoint: emulator.endpoint, ...own });
  return {
    emulator,
    client: newClient(),
    requests,
    newClient,
    sizesAt: (storePath) => sizesBelow(emulator.contentPath(storePath)),
    operations: () => {
      const names = requests.map(({ operationId }) => operationId ?? "none");
      return names.filter((name, index) => name !== names[index - 1]);
    },
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

async function sizesBelow(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = files.map(async (file) => {
    const { byteLength } = await readFile(file);
    return [relative(folder, file).replaceAll("\\", "/"), byteLength] as const;
  });
  return Object.fromEntries((await Promise.all(sizes)).sort());
}

/** The number of chunk bytes that the server accepted. */
export function chunkBytes(requests: readonly RequestLogEntry[]): number {
  return requests
    .filter(({ operationId, status }) => operationId === "UploadFileChunk" && status === 200)
    .map(({ contentRange = "" }) => /(\d+)-(\d+)/.exec(contentRange))
    .reduce((sum, range) => sum + Number(range?.[2]) - Number(range?.[1]) + 1, 0);
}

/** A package in memory with files of the given sizes. */
export function packageOf(
  sizes: Readonly<Record<string, number>>,
  folders: readonly string[] = [],
): PackageContent {
  return { files: Object.entries(sizes).map(([path, size]) => packageFile(path, size)), folders };
}

interface MemoryFile extends PackageFile {
  open(): Promise<ClosableSource>;
}

export function packageFile(relativePath: string, size: number): MemoryFile {
  const bytes = bytesOf(size, relativePath.length);
  return {
    relativePath,
    size,
    open: async () => ({
      size,
      read: async ({ startPosition, endPosition }) => bytes.subarray(startPosition, endPosition + 1),
    }),
  };
}

/** Bytes that differ at every position, to detect mix-ups. */
export function bytesOf(size: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) bytes[index] = index * 31 + (index >> 8) + seed;
  return bytes;
}
