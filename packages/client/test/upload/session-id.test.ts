import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { engineSource } from "../../src/upload/byte-source.js";
import { BlockMemory, contentDigest, deriveSessionId, digestOfBytes } from "../../src/upload/fingerprint.js";
import { hexOf } from "../../src/wire/bytes.js";
import { rejection } from "../server.js";
import { inTenChunks, someContent, startStore, storePath } from "./store.js";

const digestOf = async (bytes: Uint8Array | Blob) =>
  hexOf(await contentDigest(engineSource(bytes), new BlockMemory(), new AbortController().signal, () => {}));

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

describe("the digest of content", () => {
  it("is the SHA-256 of the SHA-256 hashes of all 4 MiB blocks", async () => {
    const block = 4 * 1024 * 1024;
    const bytes = someContent(2 * block + 5);
    const blocks = [bytes.subarray(0, block), bytes.subarray(block, 2 * block), bytes.subarray(2 * block)];
    const expected = sha256(Buffer.concat(blocks.map(sha256))).toString("hex");
    expect(await digestOf(bytes)).toBe(expected);
    expect(await digestOf(new Blob([bytes]))).toBe(expected);
  });

  it.each([0, 1, 4 * 1024 * 1024, 8 * 1024 * 1024 + 5])(
    "is the same if the platform hashes none, some or all of %i bytes itself",
    async (size) => {
      const bytes = someContent(size);
      const source = engineSource(bytes);
      const { signal } = new AbortController();
      let calls = 0;
      const hashers = [
        () => undefined,
        (block: Uint8Array) => (calls++ % 2 === 0 ? sha256(block) : undefined),
        sha256,
      ];
      for (const hasher of hashers) {
        const hashing = { ...source, sha256: hasher };
        const digest = await contentDigest(hashing, new BlockMemory(), signal, () => {});
        expect(hexOf(digest)).toBe(await digestOf(bytes));
        expect(await digestOfBytes(bytes, hashing, new BlockMemory(), signal)).toBe(hexOf(digest));
      }
    },
  );
});

describe("a derived session id", () => {
  const derive = (path: string, size: number, fingerprint: string, life = 0) =>
    deriveSessionId(path, size, fingerprint, life);

  it("never changes between versions, so that sessions can be resumed", async () => {
    expect(await derive("App/Code.bin", 10, "content 00")).toBe("7530eb91-ad08-5b98-b292-9ce69293351f");
  });

  it("is a version 5 UUID", async () => {
    const id = await derive("App/Code.bin", 10, "content 00");
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("differs for another path, size, content or attempt", async () => {
    const ids = await Promise.all([
      derive("a", 1, "x"),
      derive("b", 1, "x"),
      derive("a", 2, "x"),
      derive("a", 1, "y"),
      derive("a", 1, "x", 1),
      derive("a/1", 1, "x"),
    ]);
    expect(new Set(ids)).toHaveLength(6);
  });
});

describe("the option fingerprint", () => {
  it("can be a function whose result replaces the content hash", async () => {
    await using store = await startStore();
    const ids = [someContent(100, 1), someContent(100, 2)].map(async (bytes) => {
      const options = { ...inTenChunks, fingerprint: async () => "build 17" };
      return (await store.client.uploadFile(storePath, bytes, options)).sessionId;
    });
    expect(await ids[0]).toBe(await ids[1]);
  });

  it('"stat" uses the name and time of a File', async () => {
    const idOf = async (lastModified: number) => {
      await using store = await startStore();
      const file = new File([someContent(100)], "Code.bin", { lastModified });
      return (await store.client.uploadFile(storePath, file, { ...inTenChunks, fingerprint: "stat" }))
        .sessionId;
    };
    expect(await idOf(1)).toBe(await idOf(1));
    expect(await idOf(1)).not.toBe(await idOf(2));
  });

  it('"stat" is rejected for bytes without a name', async () => {
    await using store = await startStore();
    const upload = store.client.uploadFile(storePath, someContent(100), {
      ...inTenChunks,
      fingerprint: "stat",
    });
    expect(await rejection(upload)).toMatchObject({ name: "InvalidInputError", parameter: "fingerprint" });
    expect(store.requests).toEqual([]);
  });
});
