import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { RequestLogEntry } from "../src/index.js";
import { PendingWrites } from "../src/store/pending-writes.js";
import { parseStorePath } from "../src/store/store-path.js";
import {
  deleteSession,
  emulatorForTest,
  getSession,
  send,
  sendChunk,
  session1,
  version,
} from "./exchange.js";

const jsonHeaders = {
  "content-type": "application/json; charset=utf-8",
  "x-content-type-options": "nosniff",
};
const fiveMiB = Buffer.alloc(5 * 1024 * 1024);

describe("§1.1 api-version", () => {
  async function statusFor(query: string): Promise<number> {
    const emulator = await emulatorForTest();
    return (await send(emulator, "GET", `/ImageStore/$/GetUploadSession?session-id=${session1}${query}`))
      .status;
  }

  it.each([
    "1.0",
    "1",
    "1.5",
    "3.0",
    "6.0",
    "6.10",
    "6.0-preview",
    "6.0-preview-preview",
    "6.",
    "6e0",
    "11.3",
    "11.30",
  ])("accepts %s", async (text) => {
    expect(await statusFor(`&api-version=${text}`)).toBe(204);
  });

  it.each([
    "0.9",
    "0",
    "-6.0",
    "11.4",
    "12",
    "x",
    "Infinity",
    "-preview",
    "6.0abc",
    "6.1.2",
    "6.0-",
    "6.0-prev",
    "6,0",
    "0x6",
  ])("rejects %s", async (text) => {
    expect(await statusFor(`&api-version=${text}`)).toBe(400);
  });

  it("is required, with a value and in lower case", async () => {
    expect(await statusFor("")).toBe(400);
    expect(await statusFor("&api-version=")).toBe(400);
    expect(await statusFor("&API-Version=6.0")).toBe(400);
  });

  it("is rejected with E_INVALIDARG", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "GET", `/ImageStore/$/GetUploadSession?session-id=${session1}`);
    expect(answer).toMatchObject({ status: 400, reason: "Bad Request", code: "E_INVALIDARG" });
  });
});

describe("§1.2 URLs", () => {
  it("with an unknown first segment get 404 without a body or a JSON header", async () => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, "GET", `/Nonsense?${version}`);
    expect(answer).toMatchObject({ status: 404, text: "" });
    expect(answer.headers["content-type"]).toBeUndefined();
  });

  it.each([
    ["PUT", "/ImageStore/a/$/uploadchunk"],
    ["GET", "/imagestore/$/GetUploadSession"],
    ["PUT", "/ImageStore"],
    ["DELETE", "/ImageStore"],
    ["GET", "/ImageStore/a/$/Nonsense"],
    ["GET", "/ImageStore/%zz/$/GetUploadSession"],
    ["PATCH", "/ImageStore/$/GetUploadSession"],
  ])("such as %s %s get 400 E_INVALIDARG", async (method, path) => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, method, `${path}?${version}&session-id=${session1}`);
    expect(answer).toMatchObject({ status: 400, reason: "Bad Request", code: "E_INVALIDARG" });
  });

  it("may have unknown parameters; the first of two counts, and malformed pairs are ignored", async () => {
    const emulator = await emulatorForTest();
    const url = `/ImageStore/$/GetUploadSession?x=y&${version}&api-version=99&session-id=a=b&session-id=${session1}`;
    expect((await send(emulator, "GET", url)).status).toBe(204);
  });

  it("do not get their parameters decoded", async () => {
    const emulator = await emulatorForTest();
    expect((await getSession(emulator, session1.replaceAll("-", "%2d"))).status).toBe(400);
  });

  it("§5.1 with an invalid timeout wait for a write in progress, as without one", async () => {
    const spy = vi.spyOn(PendingWrites.prototype, "runInTurn");
    onTestFinished(() => spy.mockRestore());
    const emulator = await emulatorForTest();
    const put = (timeout: string) =>
      send(emulator, "PUT", `/ImageStore/a?${version}&timeout=${timeout}`, { body: "x" });
    expect((await put("60")).status).toBe(200);
    const [pending] = spy.mock.contexts;
    if (!(pending instanceof PendingWrites)) throw new Error("unreachable");
    let release = () => {};
    const held = pending.run(parseStorePath("a"), () => new Promise<void>((done) => (release = done)));
    expect((await put("0")).status).toBe(504);
    const waiting = put("soon");
    await expect.poll(() => spy).toHaveBeenCalledTimes(3);
    release();
    expect((await waiting).status).toBe(200);
    await held;
  });
});

describe("§1.6 responses", () => {
  it("have the JSON headers and a length, even without a body", async () => {
    const emulator = await emulatorForTest();
    const answer = await sendChunk(emulator, { range: "bytes 0-0/1", body: "x" });
    expect(answer.headers).toMatchObject({ ...jsonHeaders, "content-length": "0" });
  });

  it("have the JSON headers and a string code after a failure", async () => {
    const emulator = await emulatorForTest();
    const answer = await deleteSession(emulator);
    expect(answer.headers).toMatchObject(jsonHeaders);
    expect(Object.keys(JSON.parse(answer.text).Error)).toEqual(["Code", "Message"]);
  });

  it("do not echo the request id", async () => {
    const emulator = await emulatorForTest();
    const headers = { "X-ServiceFabricRequestId": "abc" };
    const answer = await send(
      emulator,
      "GET",
      `/ImageStore/$/GetUploadSession?${version}&session-id=${session1}`,
      { headers },
    );
    expect(JSON.stringify(answer.headers)).not.toContain("abc");
  });

  it("ignore ClusterId, as a cluster without a configured id does", async () => {
    const emulator = await emulatorForTest();
    const headers = { ClusterId: "abc" };
    const answer = await send(
      emulator,
      "GET",
      `/ImageStore/$/GetUploadSession?${version}&session-id=${session1}`,
      { headers },
    );
    expect(answer.status).toBe(204);
  });

  it("encode a character outside the BMP as two 3-byte sequences", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { path: encodeURIComponent("a😀b"), range: "bytes 0-0/1", body: "x" });
    const response = await fetch(
      `${emulator.endpoint}/ImageStore/$/GetUploadSession?${version}&session-id=${session1}`,
    );
    const bytes = Buffer.from(await response.arrayBuffer()).toString("hex");
    expect(bytes).toContain("61eda0bdedb88062");
  });
});

describe("§5.1 request bodies", () => {
  it.each([
    ["POST", "CommitUploadSession"],
    ["DELETE", "DeleteUploadSession"],
  ])("of %s above 4 MiB are rejected with 413", async (method, operation) => {
    const emulator = await emulatorForTest();
    const url = `/ImageStore/$/${operation}?${version}&session-id=${session1}`;
    const answer = await send(emulator, method, url, { body: fiveMiB });
    expect(answer).toMatchObject({ status: 413, code: "FABRIC_E_MESSAGE_TOO_LARGE" });
    const chunked = await send(emulator, method, url, {
      headers: { "Transfer-Encoding": "chunked" },
      body: fiveMiB,
    });
    expect(chunked).toMatchObject({ status: 413, code: "FABRIC_E_MESSAGE_TOO_LARGE" });
  });

  it("are read to the end even if the response was sent before", async () => {
    const emulator = await emulatorForTest();
    const answer = await sendChunk(emulator, { range: "bytes nonsense", body: fiveMiB });
    expect(answer.status).toBe(400);
  });
});

describe("operations that are not emulated", () => {
  it.each([
    ["GET", "/Nodes"],
    ["POST", "/Nodes/_Node_0/$/Deactivate"],
    ["GET", "/$/GetClusterConfiguration"],
    ["POST", "/$/GetClusterManifest"],
  ])("such as %s %s get 501 E_NOTIMPL", async (method, path) => {
    const emulator = await emulatorForTest();
    const answer = await send(emulator, method, `${path}?${version}`);
    expect(answer).toMatchObject({ status: 501, reason: "Not Implemented", code: "E_NOTIMPL" });
  });
});

describe("the request log", () => {
  it("contains method, URL, operation, range, status and code", async () => {
    const entries: RequestLogEntry[] = [];
    const emulator = await emulatorForTest({ onRequest: (entry) => entries.push(entry) });
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await send(emulator, "GET", "/Nonsense");
    expect(entries).toMatchObject([
      {
        method: "PUT",
        url: `/ImageStore/App/a.txt/$/UploadChunk?${version}&session-id=${session1}`,
        operationId: "UploadFileChunk",
        contentRange: "bytes 0-4/10",
        status: 200,
        code: "OK",
      },
      { method: "GET", url: "/Nonsense", status: 404, code: "NotFound" },
    ]);
    expect(entries[0]?.durationMs).toBeGreaterThan(0);
  });
});
