import { describe, expect, it } from "vitest";
import { compareGuids } from "../src/sessions/session-table.js";
import {
  commit,
  deleteSession,
  emulatorForTest,
  getSession,
  send,
  sendChunk,
  session1,
  session2,
  version,
} from "./exchange.js";

const noon = Date.UTC(2026, 10, 22, 12, 0, 0, 70);

describe("§3 GetUploadSession by id", () => {
  it("responds with exactly the text that a cluster sends", async () => {
    const emulator = await emulatorForTest({ clock: { now: () => noon } });
    const id = "ABCDEFAB-2222-3333-4444-555555555555";
    await sendChunk(emulator, { path: "App/Code%5Ca.txt", id, range: "bytes 0-4/20", body: "01234" });
    await sendChunk(emulator, { path: "App/Code%5Ca.txt", id, range: "bytes 8-9/20", body: "89" });
    const answer = await getSession(emulator, id);
    expect(answer).toMatchObject({ status: 200, reason: "OK" });
    expect(answer.text).toBe(
      '{"UploadSessions":[{"StoreRelativePath":"App\\/Code\\\\a.txt",' +
        '"SessionId":"abcdefab-2222-3333-4444-555555555555","FileSize":"20",' +
        '"ModifiedDate":"2026-11-22T12:00:00.070Z","ExpectedRanges":[' +
        '{"StartPosition":"5","EndPosition":"7"},{"StartPosition":"10","EndPosition":"19"}]}]}',
    );
  });

  it("shows [] when all bytes have arrived", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    expect((await getSession(emulator)).text).toContain('"ExpectedRanges":[]');
  });

  it("still shows a committed session", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    await commit(emulator);
    expect((await getSession(emulator)).text).toContain('"ExpectedRanges":[]');
  });

  it("responds 204 with the JSON content type and no body for an unknown session", async () => {
    const emulator = await emulatorForTest();
    const answer = await getSession(emulator);
    expect(answer).toMatchObject({ status: 204, reason: "No Content", text: "" });
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
  });

  it("responds 204 for a deleted session", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    await deleteSession(emulator);
    expect((await getSession(emulator)).status).toBe(204);
  });

  it.each(["", "nonsense", "00000000-0000-0000-0000-000000000000", `${session1}0`])(
    "rejects the id %o with its own code and text",
    async (id) => {
      const emulator = await emulatorForTest();
      const answer = await getSession(emulator, id);
      expect(answer).toMatchObject({ status: 400, code: "FABRIC_E_INVALID_UPLOAD_SESSION_ID" });
      expect(answer.message).not.toBe("Null");
    },
  );

  it("requires an id", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "GET", `/ImageStore/$/GetUploadSession?${version}`);
    expect(answer.code).toBe("FABRIC_E_INVALID_UPLOAD_SESSION_ID");
  });
});

describe("ModifiedDate", () => {
  it("§2.3 changes only when a new chunk is recorded", async () => {
    let now = noon;
    const emulator = await emulatorForTest({ clock: { now: () => now } });
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    now += 1000;
    await sendChunk(emulator, { range: "bytes 5-9/10", body: "56789" });
    now += 1000;
    await sendChunk(emulator, { range: "bytes 5-9/10", body: "56789" });
    await commit(emulator);
    await getSession(emulator);
    expect((await getSession(emulator)).text).toContain('"ModifiedDate":"2026-11-22T12:00:01.070Z"');
  });

  it("§2.3 does not change when the chunk of an empty file is sent again", async () => {
    let now = noon;
    const emulator = await emulatorForTest({ clock: { now: () => now } });
    await sendChunk(emulator, {});
    now += 1000;
    await sendChunk(emulator, {});
    expect((await getSession(emulator)).text).toContain("12:00:00.070Z");
  });

  it("§1.1 is a count of ticks since 1601 before version 3.0", async () => {
    const emulator = await emulatorForTest({ clock: { now: () => 0 } });
    await sendChunk(emulator, {});
    const url = `/ImageStore/$/GetUploadSession?api-version=2.0&session-id=${session1}`;
    expect((await send(emulator, "GET", url)).text).toContain('"ModifiedDate":"116444736000000000"');
  });
});

describe("§2.7 GetUploadSession by path", () => {
  function byPath(emulator: Parameters<typeof send>[0], path: string) {
    return send(emulator, "GET", `/ImageStore/${path}/$/GetUploadSession?${version}`);
  }

  it("sorts GUIDs by their bytes in memory, in which the first three fields are little-endian", async () => {
    const emulator = await emulatorForTest();
    const inOrder = [
      "00000100-0000-0000-0000-000000000002",
      "00000001-0000-0001-0000-000000000001",
      "00000001-0000-0100-0000-000000000001",
      "00000001-0100-0000-0000-000000000001",
      "00000001-0001-0000-0000-000000000001",
    ];
    // The third field: 0100 has its low byte first, so it comes before 0001.
    const expected = [inOrder[0], inOrder[2], inOrder[1], inOrder[3], inOrder[4]];
    for (const id of inOrder) await sendChunk(emulator, { id, range: "bytes 0-4/10", body: "01234" });
    const { text } = await byPath(emulator, "App/a.txt");
    const ids = JSON.parse(text).UploadSessions.map(({ SessionId }: { SessionId: string }) => SessionId);
    expect(ids).toEqual(expected);
  });

  it("lists every session of the path, sorted by GUID", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { id: session2, range: "bytes 0-4/10", body: "01234" });
    await sendChunk(emulator, { id: session1, range: "bytes 0-4/11", body: "01234" });
    await sendChunk(emulator, { path: "other", id: "33333333-2222-3333-4444-555555555555" });
    const answer = await byPath(emulator, "App/a.txt");
    expect(answer.status).toBe(200);
    const ids = JSON.parse(answer.text).UploadSessions.map(
      (session: { SessionId: string }) => session.SessionId,
    );
    expect(ids).toEqual([session1, session2]);
  });

  it("sorts GUIDs by their bytes in memory, not by their text", () => {
    const first = "00000002-0000-0000-0000-000000000001";
    const second = "01000001-0000-0000-0000-000000000001";
    expect(compareGuids(second, first)).toBe(-1);
    expect(compareGuids(first, second)).toBe(1);
    expect(compareGuids(first, first)).toBe(0);
  });

  it.each(["app/a.txt", "App%5Ca.txt", "App"])("compares paths exactly: %s is another path", async (path) => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    expect(await byPath(emulator, path)).toMatchObject({ status: 204, text: "" });
  });

  it("§3 responds 204 if there is none", async () => {
    const emulator = await emulatorForTest();
    expect((await byPath(emulator, "App/a.txt")).status).toBe(204);
  });
});
