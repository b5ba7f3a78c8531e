import { describe, expect, it } from "vitest";
import { createStoreClient, type StoreBackend } from "../src/folder/index.js";
import { type ByteStream, type Bytes, InvalidInputError } from "../src/node/index.js";

/** An image store in memory. */
function memoryStore() {
  const files = new Map<string, Uint8Array>();
  const calls: string[] = [];
  const fileOf = (storePath: string) => ({
    kind: "file" as const,
    storePath,
    fileSize: files.get(storePath)?.byteLength ?? 0,
    modifiedDate: new Date(0),
    fileVersion: { versionNumber: 0n, epochDataLossNumber: 0n, epochConfigurationNumber: 0n },
  });
  const refuse = async () => {
    throw new Error("not needed here");
  };
  const backend: StoreBackend = {
    async getContentPage({ storePath = "" } = {}) {
      const found = [...files.keys()].filter(
        (path) => path === storePath || path.slice(0, path.lastIndexOf("/")) === storePath,
      );
      return { files: found.map(fileOf), folders: [], continuationToken: undefined };
    },
    async putFile({ storePath, content }) {
      calls.push(`put ${storePath}`);
      files.set(storePath, await bytesOf(content));
    },
    async putStream({ storePath, content }) {
      calls.push(`stream ${storePath}`);
      files.set(storePath, await readAll(content));
    },
    async holdsContent({ storePath, source, abortSignal = new AbortController().signal }) {
      const known = files.get(storePath);
      if (known === undefined || known.byteLength !== source.size || source.size === 0) return false;
      const range = { startPosition: 0, endPosition: source.size - 1 };
      const bytes = await source.read(range, { abortSignal });
      return Buffer.from(known).equals(await bytesOf(bytes));
    },
    async deleteContent({ storePath }) {
      files.delete(storePath);
    },
    copyContent: refuse,
    getFolderSize: refuse,
    getImageStoreInfo: refuse,
  };
  return { backend, files, calls };
}

async function readAll(content: ByteStream): Promise<Uint8Array> {
  const reader = content.stream().getReader();
  const parts: Uint8Array[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value);
  return Buffer.concat(parts);
}

async function bytesOf(content: Bytes): Promise<Uint8Array> {
  return content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : new Uint8Array(content);
}

/** A file that has to be read in pieces. */
function pieces(size: number) {
  return {
    size,
    read: async ({ startPosition, endPosition }: { startPosition: number; endPosition: number }) =>
      new Uint8Array(endPosition - startPosition + 1).fill(7),
  };
}

describe("a store without a gateway", () => {
  it("receives whole files without sessions, whatever their size", async () => {
    const { backend, files, calls } = memoryStore();
    const client = createStoreClient(backend, "linux");
    const size = 5 * 1024 * 1024;
    const done = await client.uploadFile("App/big", pieces(size), { maxSingleShotSize: 0 });
    expect(done).toMatchObject({ sentBytes: size, resumedBytes: 0, sessionId: undefined });
    expect(calls).toEqual(["stream App/big"]);
    expect(files.get("App/big")?.every((byte) => byte === 7)).toBe(true);
  });

  it("does not receive content that it already has", async () => {
    const { backend, calls } = memoryStore();
    const client = createStoreClient(backend, "linux");
    await client.uploadFile("a", pieces(1000));
    expect(await client.uploadFile("a", pieces(1000))).toMatchObject({ sentBytes: 0, resumedBytes: 1000 });
    await client.uploadFile("a", new Uint8Array(1000));
    expect(calls).toEqual(["put a", "put a"]);
  });

  it("is not called for invalid paths", async () => {
    const { backend, calls } = memoryStore();
    const client = createStoreClient(backend, "linux");
    const content = new Uint8Array(1);
    await expect(client.putFile({ storePath: "a/../b", content })).rejects.toBeInstanceOf(InvalidInputError);
    await expect(client.deleteContent({ storePath: "/" })).rejects.toBeInstanceOf(InvalidInputError);
    await expect(client.copyContent({ source: "a", destination: "a/b" })).rejects.toThrow(
      /not overlap the source/,
    );
    expect(calls).toEqual([]);
  });

  it("gets its packages marked as complete, the root last, and verified", async () => {
    const { backend, calls } = memoryStore();
    const client = createStoreClient(backend, "windows");
    const open = async () => new Uint8Array(3);
    const content = { files: [{ relativePath: "f", size: 3, open }] };
    await client.uploadPackage(content, { destination: "Pkg" });
    expect(calls).toEqual(["put Pkg/f", "put Pkg/_.dir"]);
    await client.verifyPackage(content, "Pkg");
  });
});
