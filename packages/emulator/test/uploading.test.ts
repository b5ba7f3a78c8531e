import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { uploadSessionHandlers } from "../src/handlers/upload-sessions.js";
import { failOverStore } from "../src/image-store.js";
import type { Emulator } from "../src/index.js";
import { parseQuery } from "../src/wire/query.js";
import {
  commit,
  emulatorForTest,
  expectedRanges,
  getSession,
  send,
  sendChunk,
  session1,
  session2,
  version,
} from "./exchange.js";
import { imageStoreForTest } from "./image-store-for-test.js";

const rangeCode = "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";

/** Names of the staged files. */
async function staged({ location }: Emulator): Promise<string[]> {
  const [run = ""] = await readdir(join(location, "staging"));
  return readdir(join(location, "staging", run));
}

describe("a failover right after the last byte of a chunk", () => {
  it("ends the request, and no session is left without its chunk", async () => {
    const store = await imageStoreForTest();
    const receive = store.staging.receive.bind(store.staging);
    vi.spyOn(store.staging, "receive").mockImplementation(async (body) => {
      const file = await receive(body);
      await failOverStore(store);
      return file;
    });
    const request = {
      path: store.content.parsePath("a"),
      query: parseQuery(`session-id=${session1}`),
      apiVersion: 6,
      resource: undefined,
      contentRange: "bytes 0-0/2",
      contentLength: undefined,
      timeoutMs: 1000,
      body: Readable.from([Buffer.from("x")]),
      smallBody: Buffer.alloc(0),
    };
    const upload = uploadSessionHandlers(store).UploadFileChunk(request);
    await expect(upload).rejects.toMatchObject({ code: "E_ABORT" });
    expect(store.sessions.all()).toEqual([]);
  });
});

describe("a first chunk", () => {
  it("§2.2 creates the session and gets 200 without a body", async () => {
    const emulator = await emulatorForTest();
    const answer = await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    expect(answer).toMatchObject({ status: 200, text: "" });
    expect(expectedRanges(await getSession(emulator))).toEqual(["5-9"]);
  });

  it("§2.2 may be any part of the file", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 3-5/10", body: "345" });
    expect(expectedRanges(await getSession(emulator))).toEqual(["0-2", "6-9"]);
  });

  it("§2.1 without Content-Range counts as 0-0 of an empty file", async () => {
    const emulator = await emulatorForTest();
    expect((await sendChunk(emulator, { range: undefined })).status).toBe(200);
    const session = await getSession(emulator);
    expect(session.text).toContain('"FileSize":"0"');
    expect(expectedRanges(session)).toEqual(["0-0"]);
  });

  it("§2.2 with an id in another case belongs to the same session", async () => {
    const emulator = await emulatorForTest();
    const id = "abcdefab-cdef-abcd-efab-cdefabcdefab";
    await sendChunk(emulator, { id: id.toUpperCase(), range: "bytes 0-4/10", body: "01234" });
    await sendChunk(emulator, { id, range: "bytes 5-9/10", body: "56789" });
    expect(expectedRanges(await getSession(emulator, id))).toEqual([]);
  });
});

describe("a further chunk", () => {
  it("§2.2 that was already received gets 400 with the range code", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    const again = await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    expect(again).toMatchObject({ status: 400, reason: rangeCode, code: rangeCode, message: "Null" });
  });

  it.each(["bytes 3-7/10", "bytes 0-9/10", "bytes 5-10/10"])(
    "§2.2 that is not completely expected gets 400 with the range code (%s)",
    async (range) => {
      const emulator = await emulatorForTest();
      await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
      expect(await sendChunk(emulator, { range, body: "x" })).toMatchObject({ status: 400, code: rangeCode });
      expect(expectedRanges(await getSession(emulator))).toEqual(["5-9"]);
    },
  );

  it("§2.2 of an empty file can be sent repeatedly", async () => {
    const emulator = await emulatorForTest();
    for (let time = 0; time < 3; time++) {
      expect((await sendChunk(emulator, { range: "bytes 0-0/0" })).status).toBe(200);
    }
    expect(await staged(emulator)).toHaveLength(1);
  });

  it.each(["App/b.txt", "app/a.txt", "App%5Ca.txt"])(
    "§2.2 with another path gets 409, because paths are compared exactly (%s)",
    async (path) => {
      const emulator = await emulatorForTest();
      await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
      const answer = await sendChunk(emulator, { path, range: "bytes 5-9/10", body: "56789" });
      const code = "FABRIC_E_UPLOAD_SESSION_ID_CONFLICT";
      expect(answer).toMatchObject({ status: 409, reason: code, code, message: "Null" });
    },
  );

  it("§2.2 with another file size gets 400 E_INVALIDARG", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    const answer = await sendChunk(emulator, { range: "bytes 5-9/11", body: "56789" });
    expect(answer).toMatchObject({ status: 400, reason: "Bad Request", code: "E_INVALIDARG" });
  });

  it("§2.2 is checked for the path first, then the size, then the range", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    const path = await sendChunk(emulator, { path: "b", range: "bytes 0-4/11", body: "x" });
    expect(path.code).toBe("FABRIC_E_UPLOAD_SESSION_ID_CONFLICT");
    const size = await sendChunk(emulator, { range: "bytes 0-4/11", body: "x" });
    expect(size.code).toBe("E_INVALIDARG");
  });

  it("§2.2 can be sent in parallel with others", async () => {
    const emulator = await emulatorForTest();
    const starts = [...Array(20).keys()];
    const answers = await Promise.all(
      starts.map((start) => sendChunk(emulator, { range: `bytes ${start}-${start}/20`, body: "x" })),
    );
    expect(answers.map(({ status }) => status)).toEqual(starts.map(() => 200));
    expect(expectedRanges(await getSession(emulator))).toEqual([]);
  });
});

describe("a chunk's body", () => {
  it.each(["", "0", "0123456789"])("§2.2 is not compared with the range (%o)", async (body) => {
    const emulator = await emulatorForTest();
    expect((await sendChunk(emulator, { range: "bytes 0-4/10", body })).status).toBe(200);
    expect(expectedRanges(await getSession(emulator))).toEqual(["5-9"]);
  });

  it("§5.1 may have no length", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(
      emulator,
      "PUT",
      `/ImageStore/a/$/UploadChunk?${version}&session-id=${session1}`,
      { headers: { "Content-Range": "bytes 0-4/5", "Transfer-Encoding": "chunked" }, body: "01234" },
    );
    expect(answer.status).toBe(200);
    expect((await commit(emulator)).status).toBe(200);
  });

  it("§5.1 has no size limit that a large chunk would exceed", async () => {
    const emulator = await emulatorForTest();
    const body = Buffer.alloc(32 * 1024 * 1024, 7);
    const range = `bytes 0-${body.length - 1}/${body.length}`;
    expect((await sendChunk(emulator, { range, body })).status).toBe(200);
    expect((await commit(emulator)).status).toBe(200);
  });

  it("leaves no staged file if the chunk is rejected", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await sendChunk(emulator, { path: "b", range: "bytes 0-4/10", body: "01234" });
    expect(await staged(emulator)).toHaveLength(1);
  });

  it("is not staged under a name that the caller chose", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { path: "secret-name", range: "bytes 0-4/10", body: "01234" });
    const [name = ""] = await staged(emulator);
    expect(name).not.toContain("secret");
    expect(name).not.toContain(session1);
  });
});

describe("§3 the session id of a chunk", () => {
  const code = "FABRIC_E_INVALID_UPLOAD_SESSION_ID";
  const bad = [
    "",
    "nonsense",
    "00000000-0000-0000-0000-000000000000",
    `{${session1}}`,
    session1.replaceAll("-", ""),
  ];

  it.each(bad)("is rejected with its own code and text if it is %o", async (id) => {
    const emulator = await emulatorForTest();
    const answer = await sendChunk(emulator, { id, range: "bytes 0-4/10", body: "01234" });
    expect(answer).toMatchObject({ status: 400, reason: code, code });
    expect(answer.message).not.toBe("Null");
  });

  it("is required", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "PUT", `/ImageStore/a/$/UploadChunk?${version}`);
    expect(answer).toMatchObject({ status: 400, code });
  });

  it("§2.1 is checked after Content-Range", async () => {
    const emulator = await emulatorForTest();
    expect((await sendChunk(emulator, { id: "nonsense", range: "bytes=0-4/10" })).code).toBe(rangeCode);
  });

  it("identifies the session", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { id: session1, range: "bytes 0-4/10", body: "01234" });
    await sendChunk(emulator, { id: session2, range: "bytes 5-9/10", body: "56789" });
    expect(expectedRanges(await getSession(emulator, session1))).toEqual(["5-9"]);
    expect(expectedRanges(await getSession(emulator, session2))).toEqual(["0-4"]);
  });
});
