import { createImageStoreClient, isFabricError } from "@sf-image-store/client";
import { describe, expect, it } from "vitest";
import { startSink } from "../src/children/sink.js";

async function withSink(use: (client: ReturnType<typeof createImageStoreClient>) => Promise<void>) {
  const sink = await startSink({ entries: 2001 });
  try {
    await use(createImageStoreClient({ endpoint: `http://127.0.0.1:${sink.ready["port"]}` }));
  } finally {
    await sink.close();
  }
}

const upload = { storePath: "a/b.bin", sessionId: crypto.randomUUID(), fileSize: 10 };

describe("The sink", () => {
  it("accepts an upload with chunks in any order, and lists it", async () => {
    await withSink(async (client) => {
      await client.uploadFileChunk({ ...upload, startPosition: 6, chunk: new Uint8Array(4) });
      await client.uploadFileChunk({ ...upload, startPosition: 0, chunk: new Uint8Array(6) });
      await client.commitUploadSession(upload);
      await client.deleteUploadSession(upload);
      await client.putFile({ storePath: "a/c/d.bin", content: new Uint8Array(3) });
      const { files, folders } = await client.getContentPage({ storePath: "a" });
      expect(files.map(({ storePath, fileSize }) => [storePath, fileSize])).toEqual([["a/b.bin", 10]]);
      expect(folders.map(({ storePath }) => storePath)).toEqual(["a/c"]);
      const [file] = (await client.getContentPage({ storePath: "a/c/d.bin" })).files;
      expect(file?.fileSize).toBe(3);
    });
  });

  it("reports the missing ranges of a session", async () => {
    await withSink(async (client) => {
      await client.uploadFileChunk({ ...upload, startPosition: 0, chunk: new Uint8Array(6) });
      const session = await client.getUploadSession(upload);
      expect(session).toMatchObject({ storeRelativePath: "a/b.bin", fileSize: 10 });
      expect(session?.expectedRanges).toEqual([{ startPosition: 6, endPosition: 9 }]);
    });
  });

  it("lists its large folder in pages, with every file once", async () => {
    await withSink(async (client) => {
      const names = new Set<string>();
      let files = 0;
      for await (const { storePath } of client.listContent({ storePath: "Full" })) {
        names.add(storePath);
        files += 1;
      }
      expect([files, names.size]).toEqual([2001, 2001]);
    });
  });

  it("reports how many requests were in progress at a time", async () => {
    const sink = await startSink({ delayMs: 50 });
    const read = async () => {
      await (await fetch(`http://127.0.0.1:${sink.ready["port"]}/ImageStore/a?api-version=6.0`)).text();
    };
    await Promise.all([read(), read(), read()]);
    expect(await sink.run()).toEqual({ requests: 3, level: 3 });
    await sink.close();
  });

  it("rejects the commit of an incomplete session", async () => {
    await withSink(async (client) => {
      await client.uploadFileChunk({ ...upload, startPosition: 0, chunk: new Uint8Array(6) });
      await expect(client.commitUploadSession(upload)).rejects.toSatisfy(isFabricError);
    });
  });

  it("reports unknown sessions and paths", async () => {
    await withSink(async (client) => {
      expect(await client.getUploadSession(upload)).toBeUndefined();
      await expect(client.getContentPage({ storePath: "nothing" })).rejects.toMatchObject({ status: 404 });
    });
  });
});
