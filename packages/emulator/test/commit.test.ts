import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commitSession } from "../src/handlers/upload-sessions.js";
import type { Emulator } from "../src/index.js";
import { PendingWrites } from "../src/store/pending-writes.js";
import { parseStorePath } from "../src/store/store-path.js";
import {
  commit,
  deleteSession,
  emulatorForTest,
  expectedRanges,
  getSession,
  send,
  sendChunk,
  session1,
  session2,
  version,
} from "./exchange.js";
import { imageStoreForTest, stage } from "./image-store-for-test.js";

async function upload(
  emulator: Emulator,
  text: string,
  at: { path?: string; id?: string } = {},
): Promise<void> {
  await sendChunk(emulator, { ...at, range: `bytes 0-${text.length - 1}/${text.length}`, body: text });
}

function committed(emulator: Emulator, path = "App/a.txt"): Promise<string> {
  return readFile(emulator.contentPath(path), "utf8");
}

async function stagedCount({ location }: Emulator): Promise<number> {
  const [run = ""] = await readdir(join(location, "staging"));
  return (await readdir(join(location, "staging", run))).length;
}

describe("§2.5 commit", () => {
  it("joins the chunks into the file in order of their start positions", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 6-9/10", body: "6789" });
    await sendChunk(emulator, { range: "bytes 0-2/10", body: "012" });
    await sendChunk(emulator, { range: "bytes 3-5/10", body: "345" });
    expect(await commit(emulator)).toMatchObject({ status: 200, reason: "OK", text: "" });
    expect(await committed(emulator)).toBe("0123456789");
  });

  it("makes the file visible only when it is done", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "01234");
    expect(await readdir(join(emulator.location, "content"))).toEqual([]);
  });

  it("keeps the session and its chunks", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "01234");
    await commit(emulator);
    expect(expectedRanges(await getSession(emulator))).toEqual([]);
    expect(await stagedCount(emulator)).toBe(1);
  });

  it("can be repeated", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "01234");
    await commit(emulator);
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe("01234");
  });

  it("does not write again when repeated: the version and the time of the file stay the same", async () => {
    let now = Date.UTC(2026, 10, 27);
    const emulator = await emulatorForTest({ clock: { now: () => now } });
    await upload(emulator, "once");
    await commit(emulator);
    const list = () => send(emulator, "GET", `/ImageStore/App?${version}`);
    const { text } = await list();
    expect(text).toContain('"VersionNumber":"1"');
    now += 1000;
    expect((await commit(emulator)).status).toBe(200);
    expect((await list()).text).toBe(text);
  });

  it("writes the old content again if another session replaced the file in the meantime", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "first", { id: session1 });
    await upload(emulator, "second", { id: session2 });
    await commit(emulator, session1);
    await commit(emulator, session2);
    expect(await committed(emulator)).toBe("second");
    await commit(emulator, session1);
    expect(await committed(emulator)).toBe("first");
  });

  it("replaces a file in any spelling of its path", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "old", { path: "App%5CCode/a.TXT", id: session1 });
    await upload(emulator, "newer", { path: "app/code%5CA.txt", id: session2 });
    await commit(emulator, session1);
    await commit(emulator, session2);
    expect(await committed(emulator, "APP/CODE/A.TXT")).toBe("newer");
    expect(await readdir(join(emulator.location, "content", "App", "Code"))).toEqual(["a.TXT"]);
  });

  it("rejects an unknown session with 400 E_INVALIDARG", async () => {
    const emulator = await emulatorForTest();
    expect(await commit(emulator)).toMatchObject({
      status: 400,
      reason: "Bad Request",
      code: "E_INVALIDARG",
    });
  });

  it("rejects an incomplete session with 400 E_INVALIDARG", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    expect(await commit(emulator)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });

  it("rejects an empty file with 400 E_INVALIDARG", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-0/0" });
    expect(await commit(emulator)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });

  it("§2.4 rejects a session whose first chunk ended at the file size, although no range is expected", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-10/10", body: "0123456789" });
    expect(expectedRanges(await getSession(emulator))).toEqual([]);
    expect(await commit(emulator)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });

  it.each(["", "nonsense", "00000000-0000-0000-0000-000000000000"])(
    "§3 rejects the id %o with E_INVALIDARG",
    async (id) => {
      const emulator = await emulatorForTest();
      expect(await commit(emulator, id)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    },
  );

  it("§3 requires an id", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "POST", `/ImageStore/$/CommitUploadSession?${version}`);
    expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });
});

describe("§2.5 the joined length", () => {
  it("must be the declared size; otherwise the response is 400 E_INVALIDARG with its own text", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "0123" });
    await sendChunk(emulator, { range: "bytes 5-9/10", body: "56789" });
    const answer = await commit(emulator);
    expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    expect(answer.message).toBe(
      "The chunks of App/a.txt contain 9 bytes in total, but the upload session declares 10.",
    );
    expect(await readdir(join(emulator.location, "content"))).toEqual([]);
    expect(await stagedCount(emulator)).toBe(2);
  });

  it("cannot be repaired by sending the chunk again, only by starting over", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "0123456789");
    await sendChunk(emulator, { id: session2, range: "bytes 0-9/10", body: "short" });
    expect((await commit(emulator, session2)).status).toBe(400);
    expect(
      (await sendChunk(emulator, { id: session2, range: "bytes 0-9/10", body: "0123456789" })).status,
    ).toBe(400);
    await deleteSession(emulator, session2);
    await sendChunk(emulator, { id: session2, range: "bytes 0-9/10", body: "0123456789" });
    expect((await commit(emulator, session2)).status).toBe(200);
  });

  it("does not reveal two wrong lengths that cancel out", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "0123" });
    await sendChunk(emulator, { range: "bytes 5-9/10", body: "x56789" });
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe("0123x56789");
  });
});

describe("§2.5 a committed id", () => {
  it.each([
    ["another path", "App/b.txt", "bytes 0-4/5", 409, "FABRIC_E_UPLOAD_SESSION_ID_CONFLICT"],
    ["another size", "App/a.txt", "bytes 0-4/6", 400, "E_INVALIDARG"],
    ["the same file", "App/a.txt", "bytes 0-4/5", 400, "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE"],
  ])("cannot be used for %s", async (_, path, range, status, code) => {
    const emulator = await emulatorForTest();
    await upload(emulator, "01234");
    await commit(emulator);
    expect(await sendChunk(emulator, { path, range, body: "01234" })).toMatchObject({ status, code });
  });
});

describe("commit and the disk", () => {
  it("§2.5 lost chunks cause 404 NotFound", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "01234");
    const [run = ""] = await readdir(join(emulator.location, "staging"));
    const folder = join(emulator.location, "staging", run);
    for (const name of await readdir(folder)) await rm(join(folder, name));
    expect(await commit(emulator)).toMatchObject({
      status: 404,
      reason: "NotFound",
      code: "NotFound",
      message: "Null",
    });
  });

  it("§4.2 a folder at the path causes 500 with the I/O code, and no joined file remains", async () => {
    const emulator = await emulatorForTest();
    await upload(emulator, "01234");
    await mkdir(join(emulator.contentPath("App/a.txt"), "inside"), { recursive: true });
    expect(await commit(emulator)).toMatchObject({ status: 500, code: "FABRIC_E_IMAGESTORE_IOERROR" });
    expect(await stagedCount(emulator)).toBe(1);
  });

  it("chunks larger than the memory buffers are joined byte for byte", async () => {
    const emulator = await emulatorForTest();
    const size = 9 * 1024 * 1024 + 17;
    const bytes = Buffer.alloc(size, "0123456789abcdefghijklmnopqrstuvwxyz");
    const middle = 4 * 1024 * 1024 + 3;
    await sendChunk(emulator, { range: `bytes ${middle}-${size - 1}/${size}`, body: bytes.subarray(middle) });
    await sendChunk(emulator, { range: `bytes 0-${middle - 1}/${size}`, body: bytes.subarray(0, middle) });
    await commit(emulator);
    expect((await readFile(emulator.contentPath("App/a.txt"))).equals(bytes)).toBe(true);
  });
});

describe("§2.5 pending writes", () => {
  it("cause OperationsPending for the same path and for paths below it", async () => {
    const pending = new PendingWrites();
    const answers = await pending.run(parseStorePath("a/b"), async () =>
      Promise.allSettled(
        ["A\\B", "a/b/c", "a", "c/b"].map((path) => pending.run(parseStorePath(path), async () => "done")),
      ),
    );
    const outcomes = answers.map((answer) =>
      answer.status === "fulfilled" ? answer.value : answer.reason.code,
    );
    expect(outcomes).toEqual(["OperationsPending", "OperationsPending", "done", "done"]);
  });

  it("end after a failure", async () => {
    const pending = new PendingWrites();
    const path = parseStorePath("a");
    await expect(pending.run(path, () => Promise.reject(new Error("x")))).rejects.toThrow("x");
    await expect(pending.run(path, async () => "done")).resolves.toBe("done");
  });

  it("make a commit fail while another one writes the same path", async () => {
    const store = await imageStoreForTest();
    const path = parseStorePath("a");
    for (const sessionId of [session1, session2]) {
      const file = await stage(store, "x");
      store.sessions.record({ sessionId, path, range: { start: 0n, end: 0n, size: 1n }, file });
    }
    const [first, second] = await Promise.allSettled(
      [session1, session2].map((id) => commitSession(store, id)),
    );
    expect(first?.status).toBe("fulfilled");
    expect(second).toMatchObject({ status: "rejected", reason: { code: "OperationsPending", status: 500 } });
    await expect(commitSession(store, session2)).resolves.toBeUndefined();
  });
});
