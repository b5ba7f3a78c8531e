import { createImageStoreClient, isFabricError } from "@sf-image-store/client";
import { describe, expect, it } from "vitest";
import { startSink } from "../src/sink/start-sink.js";

async function withSink(use: (client: ReturnType<typeof createImageStoreClient>) => Promise<void>) {
  const sink = await startSink({});
  try {
    await use(createImageStoreClient({ endpoint: `http://127.0.0.1:${sink.ready["port"]}` }));
  } finally {
    await sink.close();
  }
}

const upload = { storePath: "a/b.bin", sessionId: crypto.randomUUID(), fileSize: 10 };

describe("The sink", () => {
  it("takes an upload, in chunks of any order, and lists it", async () => {
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

  it("commits nothing that lacks bytes", async () => {
    await withSink(async (client) => {
      await client.uploadFileChunk({ ...upload, startPosition: 0, chunk: new Uint8Array(6) });
      await expect(client.commitUploadSession(upload)).rejects.toSatisfy(isFabricError);
    });
  });

  it("knows no session and no path that nothing was sent to", async () => {
    await withSink(async (client) => {
      expect(await client.getUploadSession(upload)).toBeUndefined();
      await expect(client.getContentPage({ storePath: "nothing" })).rejects.toMatchObject({ status: 404 });
    });
  });
});
