import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type Emulator, type Fault, FaultError, type FiredFault, parseFaults } from "../src/index.js";
import { allFiles, deleteContent, putFile, putFiles } from "./content-exchange.js";
import { commit, emulatorForTest, expectedRanges, getSession, sendChunk, session1 } from "./exchange.js";

async function faultyEmulator(...faults: Fault[]): Promise<{
  emulator: Emulator;
  fired: FiredFault[];
  /** The code of every request in the log, and its status if there was a response. */
  logged: string[];
}> {
  const fired: FiredFault[] = [];
  const logged: string[] = [];
  const emulator = await emulatorForTest({
    faults,
    onFault: (fault) => fired.push(fault),
    onRequest: ({ code, status = "no response" }) => logged.push(`${code} ${status}`),
  });
  return { emulator, fired, logged };
}

const firstChunk = { range: "bytes 0-4/10", body: "01234" };
const broken = expect.objectContaining({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });

describe("a fault", () => {
  it("drop-before closes the connection before the emulator does anything", async () => {
    const { emulator, fired } = await faultyEmulator({ do: "drop-before" });
    await expect(putFile(emulator, "a")).rejects.toEqual(broken);
    expect(await allFiles(emulator)).toEqual([]);
    expect(fired).toMatchObject([
      { fault: { do: "drop-before" }, matchNumber: 1, method: "PUT", url: "/ImageStore/a?api-version=6.0" },
    ]);
  });

  it("drop-after closes the connection after the work, so that only the response is lost", async () => {
    const { emulator, fired } = await faultyEmulator({ do: "drop-after", operation: "UploadFileChunk" });
    await expect(sendChunk(emulator, firstChunk)).rejects.toEqual(broken);
    expect(expectedRanges(await getSession(emulator))).toEqual(["5-9"]);
    expect(fired).toHaveLength(1);
  });

  it("drop-in-body closes the connection after afterBytes bytes, and nothing is stored", async () => {
    const { emulator, fired, logged } = await faultyEmulator({
      do: "drop-in-body",
      afterBytes: 100_000,
      times: 9,
    });
    expect((await putFile(emulator, "small", Buffer.alloc(100_000))).status).toBe(200);
    expect(fired).toEqual([]);
    await expect(putFile(emulator, "a", Buffer.alloc(1_000_000))).rejects.toEqual(broken);
    expect(await allFiles(emulator)).toEqual(["small"]);
    expect(fired).toHaveLength(1);
    const chunk = { range: "bytes 0-999999/2000000", body: Buffer.alloc(1_000_000) };
    await expect(sendChunk(emulator, chunk)).rejects.toEqual(broken);
    await expect.poll(() => logged.filter((one) => !one.startsWith("OK"))).toHaveLength(2);
    expect(new Set(logged)).toEqual(new Set(["OK 200", "ConnectionBroken no response"]));
  });

  it("delay waits before the work, and answer-late waits after it", async () => {
    const minute = 60_000;
    const { emulator, fired } = await faultyEmulator(
      { do: "delay", ms: 200, path: "delayed" },
      { do: "answer-late", ms: 200, path: "late" },
      { do: "delay", ms: minute, path: "unbegun" },
      { do: "answer-late", ms: minute, path: "unanswered" },
    );
    for (const path of ["delayed", "late"]) {
      const startedAt = performance.now();
      expect((await putFile(emulator, path)).status).toBe(200);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
    }
    const answers: string[] = [];
    for (const path of ["unbegun", "unanswered"]) {
      void putFile(emulator, path).then(
        () => answers.push(path),
        () => {},
      );
    }
    await expect.poll(() => allFiles(emulator)).toContain("unanswered");
    expect(await allFiles(emulator)).not.toContain("unbegun");
    expect(answers).toEqual([]);
    expect(fired.map(({ fault }) => fault.do).sort()).toEqual([
      "answer-late",
      "answer-late",
      "delay",
      "delay",
    ]);
  });

  it("answer sends a response with a status and a code, and does no work", async () => {
    const { emulator } = await faultyEmulator(
      { do: "answer", status: 504, code: "FABRIC_E_TIMEOUT", message: "too slow" },
      { do: "answer", nth: 2, status: 503, code: "E_ABORT\r\nX: y" },
    );
    expect(await putFile(emulator, "a")).toMatchObject({
      status: 504,
      reason: "FABRIC_E_TIMEOUT",
      code: "FABRIC_E_TIMEOUT",
      message: "too slow",
    });
    expect(await putFile(emulator, "a")).toMatchObject({ status: 503, message: "Null" });
    expect(await allFiles(emulator)).toEqual([]);
  });

  it("lose-sessions fails the store over before the request", async () => {
    const { emulator, fired } = await faultyEmulator({
      do: "lose-sessions",
      operation: "CommitImageStoreUploadSession",
    });
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    expect((await commit(emulator)).status).toBe(400);
    expect((await getSession(emulator)).status).toBe(204);
    expect(fired).toHaveLength(1);
  });

  it("throttle reads the body no faster than that", async () => {
    const { emulator } = await faultyEmulator({ do: "throttle", bytesPerSecond: 1_000_000 });
    const startedAt = performance.now();
    expect((await putFile(emulator, "a", Buffer.alloc(200_000))).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
  });

  it("differs from a limited bandwidth, which all connections share", async () => {
    const emulator = await emulatorForTest({ bandwidth: 1_000_000 });
    const startedAt = performance.now();
    const answers = await Promise.all(
      ["a", "b", "c", "d"].map((path) => putFile(emulator, path, Buffer.alloc(50_000))),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
    expect(await allFiles(emulator)).toEqual(["a", "b", "c", "d"]);
  });

  it("can be combined with other faults", async () => {
    const { emulator, fired } = await faultyEmulator(
      { do: "lose-sessions" },
      { do: "delay", ms: 1 },
      { do: "drop-after" },
    );
    await expect(putFile(emulator, "a")).rejects.toEqual(broken);
    expect(await allFiles(emulator)).toEqual(["a"]);
    expect(fired.map(({ fault }) => fault.do)).toEqual(["lose-sessions", "delay", "drop-after"]);
  });

  it("does not keep the emulator from closing", async () => {
    const { emulator, fired } = await faultyEmulator({ do: "delay", ms: 2_000_000_000 });
    const refused = expect(putFile(emulator, "a")).rejects.toEqual(broken);
    await expect.poll(() => fired).toHaveLength(1);
    await emulator.close();
    await refused;
  });
});

describe("the requests that a fault affects", () => {
  const answer = { do: "answer", status: 500, code: "E_FAIL" } as const;

  it("are the nth matching one and as many as times", async () => {
    const { emulator, fired } = await faultyEmulator({ ...answer, nth: 2, times: 2 });
    const statuses: number[] = [];
    for (let time = 0; time < 5; time++) statuses.push((await putFile(emulator, "a")).status);
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
    expect(fired.map(({ matchNumber }) => matchNumber)).toEqual([2, 3]);
  });

  it.each([
    ["App/*", ["app%5Ca", "App/Code/b"], ["Apple"]],
    ["*.zip", ["a.ZIP", "App/b.zip"], ["a.zip.txt"]],
    ["a\\b", ["A/b", "a//b"], ["b", "a/b/c"]],
    ["a.b+(c)", ["a.b+(c)"], ["axb+(c)"]],
  ])("are those of the path %s", async (path, suffering, spared) => {
    const { emulator } = await faultyEmulator({ ...answer, path, times: 99 });
    for (const name of suffering) expect((await putFile(emulator, name)).status).toBe(500);
    for (const name of spared) expect((await putFile(emulator, name)).status).toBe(200);
  });

  it("include requests that name a session of the path, but no requests without a path", async () => {
    const { emulator } = await faultyEmulator({ ...answer, path: "App/a.txt", nth: 2, times: 99 });
    await sendChunk(emulator, firstChunk);
    expect((await getSession(emulator, session1)).status).toBe(500);
    expect((await getSession(emulator, session1.replace("1", "2"))).status).toBe(204);
  });

  it("can be added to and removed from a running emulator", async () => {
    const { emulator } = await faultyEmulator();
    const remove = emulator.addFault({ ...answer, operation: "DeleteImageStoreContent", times: 99 });
    await putFiles(emulator, "a");
    expect((await deleteContent(emulator, "a")).status).toBe(500);
    remove();
    expect((await deleteContent(emulator, "a")).status).toBe(200);
    expect(() => emulator.addFault({ do: "delay", ms: -1 })).toThrow(FaultError);
  });

  it("do not affect other requests in progress", async () => {
    const { emulator } = await faultyEmulator({ do: "drop-before", path: "a" });
    const { hostname, port } = new URL(emulator.endpoint);
    const idle = connect(Number(port), hostname);
    await expect(putFile(emulator, "a")).rejects.toEqual(broken);
    expect(idle.destroyed).toBe(false);
    idle.destroy();
  });
});

describe("a file of faults", () => {
  it("is an array of faults", () => {
    const faults = [{ operation: "UploadFileChunk", path: "App/*", nth: 2, times: 3, do: "delay", ms: 5 }];
    expect(parseFaults(JSON.stringify(faults))).toEqual(faults);
    expect(parseFaults("[]")).toEqual([]);
  });

  it("may have a path for operations whose URL contains a path or a session", () => {
    for (const operation of ["DeleteImageStoreContent", "CommitImageStoreUploadSession", "UploadFile"]) {
      expect(parseFaults(JSON.stringify([{ do: "drop-before", operation, path: "a" }]))).toHaveLength(1);
    }
  });

  it.each([
    [
      '[{"do":"drop"}]',
      'Fault 1: "do" must be one of "drop-before", "drop-after", "drop-in-body", "delay", ',
    ],
    ["[7]", "Fault 1 must be an object."],
    [
      '[{"do":"delay"}]',
      'Fault 1: "ms" must be a whole number of milliseconds from 0 to 2147483647, not nothing.',
    ],
    ['[{"do":"drop-before","nth":0}]', 'Fault 1: "nth" must be a whole number from 1, not 0.'],
    ['[{"do":"drop-before","ms":1}]', 'Fault 1: "ms" is unknown. Allowed members: "do", "operation", '],
    [
      '[{"do":"drop-before","operation":"Upload"}]',
      'Fault 1: "operation" must be one of "GetImageStoreRootContent", ',
    ],
    [
      '[{"do":"answer","status":99,"code":"x"}]',
      'Fault 1: "status" must be an HTTP status from 200 to 599, not 99.',
    ],
    ['[{"do":"answer","status":500,"code":""}]', 'Fault 1: "code" must be a string, not "".'],
    ['[{"do":"delay","ms":1,"toString":1}]', 'Fault 1: "toString" is unknown. Allowed members: "do", '],
    ...["CopyImageStoreContent", "GetImageStoreRootContent", "GetImageStoreInfo"].map((operation) => [
      JSON.stringify([{ do: "drop-before", operation, path: "a" }]),
      `Fault 1: "path" never matches ${operation}, because its URL contains no path and no session.`,
    ]),
    ['[{"do":"report-health","state":"Bad"}]', 'Fault 1: "state" must be Ok, Warning or Error, not "Bad".'],
    [
      '[{"do":"report-health","state":"Ok","service":"fabric:/App/Web"}]',
      "Fault 1: service needs application, the name of the application.",
    ],
    ['[{"do":"report-health","state":"Ok","health":"x"}]', 'Fault 1: "health" is unknown.'],
    ['[{"do":"drop-before","path":1}]', 'Fault 1: "path" must be a string, not 1.'],
    [
      '[{"do":"drop-in-body","afterBytes":1.5}]',
      'Fault 1: "afterBytes" must be a whole number of bytes from 0, not 1.5.',
    ],
  ])("is refused with a reason: %s", (text, reason) => {
    expect(() => parseFaults(text)).toThrow(FaultError);
    expect(() => parseFaults(text)).toThrow(reason);
  });
});
