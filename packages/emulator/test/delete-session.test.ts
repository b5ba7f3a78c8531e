import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  commit,
  deleteSession,
  emulatorForTest,
  expectedRanges,
  getSession,
  send,
  sendChunk,
  version,
} from "./exchange.js";

describe("§2.6 deleting a session", () => {
  it("removes the session with its staged files and responds 200 without a body", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await sendChunk(emulator, { range: "bytes 5-9/10", body: "56789" });
    expect(await deleteSession(emulator)).toMatchObject({ status: 200, text: "" });
    expect((await getSession(emulator)).status).toBe(204);
    const [run = ""] = await readdir(join(emulator.location, "staging"));
    expect(await readdir(join(emulator.location, "staging", run))).toEqual([]);
  });

  it("responds 404 with an internal code for an unknown id", async () => {
    const emulator = await emulatorForTest();
    const answer = await deleteSession(emulator);
    expect(answer).toMatchObject({ status: 404, reason: "NotFound" });
    expect(answer.text).toBe('{"Error":{"Code":"NotFound","Message":"Null"}}');
  });

  it("fails when repeated", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await deleteSession(emulator);
    expect((await deleteSession(emulator)).status).toBe(404);
  });

  it("keeps the committed file", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    await commit(emulator);
    await deleteSession(emulator);
    expect(await readFile(emulator.contentPath("App/a.txt"), "utf8")).toBe("01234");
    expect((await commit(emulator)).status).toBe(400);
  });

  it("makes the id available for another file", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await deleteSession(emulator);
    await sendChunk(emulator, { path: "other", range: "bytes 0-4/20", body: "01234" });
    expect(expectedRanges(await getSession(emulator))).toEqual(["5-19"]);
  });

  it.each(["", "nonsense", "00000000-0000-0000-0000-000000000000"])(
    "rejects the id %o with E_INVALIDARG",
    async (id) => {
      const emulator = await emulatorForTest();
      expect(await deleteSession(emulator, id)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    },
  );

  it("requires an id", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "DELETE", `/ImageStore/$/DeleteUploadSession?${version}`);
    expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });
});
