import { readFile } from "node:fs/promises";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { createImageStoreClient, type ImageStoreClient, type UploadSession } from "../src/index.js";

let emulator: Emulator;
let client: ImageStoreClient;
beforeAll(async () => {
  emulator = await startEmulator();
  client = createImageStoreClient({ endpoint: emulator.endpoint });
});
afterAll(() => emulator.close());

const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

function chunk(storePath: string, sessionId: string, start: number, end: number) {
  const part = bytes.subarray(start, end + 1);
  return client.uploadFileChunk({ storePath, sessionId, startPosition: start, fileSize: 1000, chunk: part });
}

describe("getUploadSession", () => {
  it("returns the session with numbers and dates", async () => {
    const sessionId = crypto.randomUUID();
    const before = Date.now();
    await chunk("App/a.bin", sessionId, 100, 199);
    const session = await client.getUploadSession({ sessionId });
    expectTypeOf(session).toEqualTypeOf<UploadSession | undefined>();
    expect(session).toEqual({
      storeRelativePath: "App/a.bin",
      sessionId,
      fileSize: 1000,
      modifiedDate: expect.any(Date),
      expectedRanges: [
        { startPosition: 0, endPosition: 99 },
        { startPosition: 200, endPosition: 999 },
      ],
    });
    expect(session?.modifiedDate.getTime()).toBeGreaterThanOrEqual(before - 1);
  });

  it("returns undefined for an unknown session", async () => {
    expect(await client.getUploadSession({ sessionId: crypto.randomUUID() })).toBeUndefined();
  });

  it("accepts an id in upper case, which servers return in lower case", async () => {
    const sessionId = crypto.randomUUID();
    await chunk("App/case.bin", sessionId.toUpperCase(), 0, 9);
    expect(await client.getUploadSession({ sessionId: sessionId.toUpperCase() })).toMatchObject({
      sessionId,
    });
  });
});

describe("getUploadSessionsByPath", () => {
  it("returns all sessions of the path", async () => {
    const ids = [crypto.randomUUID(), crypto.randomUUID()];
    for (const id of ids) await chunk("App/two.bin", id, 0, 9);
    const sessions = await client.getUploadSessionsByPath({ storePath: "App/two.bin" });
    expect(sessions.map(({ sessionId }) => sessionId).sort()).toEqual(ids.sort());
    expect(await client.getUploadSessionsByPath({ storePath: "App/none.bin" })).toEqual([]);
  });
});

describe("an upload in chunks", () => {
  it("becomes the file after its commit, with chunks in any order", async () => {
    const sessionId = crypto.randomUUID();
    await chunk("App/Code/data.bin", sessionId, 600, 999);
    await chunk("App/Code/data.bin", sessionId, 0, 599);
    await client.commitUploadSession({ sessionId });
    await client.commitUploadSession({ sessionId });
    expect(await readFile(emulator.contentPath("App/Code/data.bin"))).toEqual(Buffer.from(bytes));
  });

  it("sends the bytes of a Blob", async () => {
    const sessionId = crypto.randomUUID();
    const blob = new Blob([bytes]);
    const storePath = "App/blob.bin";
    await client.uploadFileChunk({ storePath, sessionId, startPosition: 0, fileSize: 1000, chunk: blob });
    await client.commitUploadSession({ sessionId });
    expect(await readFile(emulator.contentPath(storePath))).toEqual(Buffer.from(bytes));
  });

  it.each(["App/with space/a+b.bin", "App/ünï/日本.bin", "App/a&b=c/@1;2,3.bin", "App/(a)[b]{c}'d'~!.bin"])(
    "reaches the path %s and no other",
    async (storePath) => {
      const sessionId = crypto.randomUUID();
      await chunk(storePath, sessionId, 0, 9);
      expect(await client.getUploadSession({ sessionId })).toMatchObject({ storeRelativePath: storePath });
    },
  );

  it("does not exist after deleteUploadSession", async () => {
    const sessionId = crypto.randomUUID();
    await chunk("App/given-up.bin", sessionId, 0, 9);
    await client.deleteUploadSession({ sessionId });
    expect(await client.getUploadSession({ sessionId })).toBeUndefined();
  });
});

describe("the server rejects", () => {
  it("a chunk sent twice, and the error says what to do", async () => {
    const sessionId = crypto.randomUUID();
    await chunk("App/again.bin", sessionId, 0, 9);
    await expect(chunk("App/again.bin", sessionId, 0, 9)).rejects.toMatchObject({
      name: "FabricError",
      status: 400,
      code: "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE",
      operationId: "UploadFileChunk",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      message: expect.stringContaining("read the session and send only its expected ranges"),
    });
  });

  it("an id that another path uses, the all-zero id, a commit with bytes missing, an unknown session to delete", async () => {
    const sessionId = crypto.randomUUID();
    await chunk("App/one.bin", sessionId, 0, 9);
    const unknownSession = crypto.randomUUID();
    const zero = "00000000-0000-0000-0000-000000000000";
    const refused = { name: "FabricError" };
    await expect(chunk("App/other.bin", sessionId, 10, 19)).rejects.toMatchObject({
      ...refused,
      status: 409,
    });
    await expect(client.getUploadSession({ sessionId: zero })).rejects.toMatchObject({
      ...refused,
      code: "FABRIC_E_INVALID_UPLOAD_SESSION_ID",
    });
    await expect(client.commitUploadSession({ sessionId })).rejects.toMatchObject({
      ...refused,
      code: "E_INVALIDARG",
    });
    await expect(client.deleteUploadSession({ sessionId: unknownSession })).rejects.toMatchObject({
      ...refused,
      status: 404,
      code: "NotFound",
    });
  });
});
