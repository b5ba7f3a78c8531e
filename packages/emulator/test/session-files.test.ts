import { readdir, readFile, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Emulator, RequestLogEntry } from "../src/index.js";
import { SessionFiles } from "../src/store/session-files.js";
import { putFile } from "./content-exchange.js";
import {
  commit,
  deleteSession,
  emulatorForTest,
  expectedRanges,
  getSession,
  send,
  sendChunk,
  session1,
  version,
} from "./exchange.js";

const disk = vi.hoisted(() => ({ hasHardLinks: true }));
vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs")>();
  const linkSync: typeof original.linkSync = (from, to) => {
    if (disk.hasHardLinks) return original.linkSync(from, to);
    throw Object.assign(new Error("EPERM: operation not permitted, link"), {
      code: "EPERM",
      syscall: "link",
    });
  };
  return { ...original, linkSync };
});
afterEach(() => {
  disk.hasHardLinks = true;
});

const rangeCode = "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";
const first = { range: "bytes 0-4/10", body: "01234" };
const second = { range: "bytes 5-9/10", body: "56789" };

/** More than the emulator writes at once. */
const large = 5 * 1024 * 1024;

async function staged({ location }: Emulator): Promise<string[]> {
  const [run = ""] = await readdir(join(location, "staging"));
  const folder = join(location, "staging", run);
  return (await readdir(folder)).map((name) => join(folder, name));
}

function committed(emulator: Emulator): Promise<string> {
  return readFile(emulator.contentPath("App/a.txt"), "utf8");
}

/** Whether the committed file and the only staged file are the same file on disk. */
async function isLinked(emulator: Emulator): Promise<boolean> {
  const [only = "", ...others] = await staged(emulator);
  expect(others).toEqual([]);
  return (await stat(emulator.contentPath("App/a.txt"))).ino === (await stat(only)).ino;
}

/** Sends the first bytes of a chunk, and waits until it has a place in staging. */
async function beginChunk(emulator: Emulator, range: string, bytes: string | Buffer, length = 5) {
  const { hostname, port } = new URL(emulator.endpoint);
  const path = `/ImageStore/App/a.txt/$/UploadChunk?${version}&session-id=${session1}`;
  const headers = { "Content-Range": range, "Content-Length": length };
  const before = await stagingUsage(emulator);
  const outgoing = request({ hostname, port, method: "PUT", path, headers, agent: false });
  const status = new Promise<number | undefined>((resolve) => {
    outgoing.on("response", (incoming) => resolve(incoming.resume().statusCode));
    outgoing.on("error", () => resolve(undefined));
  });
  outgoing.write(bytes);
  await expect.poll(() => stagingUsage(emulator)).toMatchObject({ files: before.files + 1 });
  return {
    break: () => void outgoing.destroy(),
    end: (rest: string) => {
      outgoing.end(rest);
      return status;
    },
  };
}

async function stagingUsage(emulator: Emulator) {
  const { text } = await send(emulator, "GET", "/ImageStore/$/Info?api-version=6.5");
  const { UsedSpace, FileCount } = JSON.parse(text).UsedByStaging;
  return { bytes: Number(UsedSpace), files: Number(FileCount) };
}

describe("the chunks of a session", () => {
  it("share a file, which becomes the committed file without being copied", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, second);
    await sendChunk(emulator, first);
    expect(await staged(emulator)).toHaveLength(1);
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe("0123456789");
    expect(await isLinked(emulator)).toBe(true);
    await deleteSession(emulator);
    expect(await staged(emulator)).toEqual([]);
    expect(await committed(emulator)).toBe("0123456789");
  });

  it("have files of their own if the complete file would be too large for the disk", async () => {
    const emulator = await emulatorForTest();
    const size = 2 ** 53 - 1;
    const last = { range: `bytes ${size - 5}-${size - 1}/${size}`, body: "56789" };
    expect((await sendChunk(emulator, last)).status).toBe(200);
    expect((await sendChunk(emulator, { range: `bytes 0-4/${size}`, body: "01234" })).status).toBe(200);
    expect(await staged(emulator)).toHaveLength(2);
  });

  it("are copied if the disk has no hard links", async () => {
    disk.hasHardLinks = false;
    const emulator = await emulatorForTest();
    const size = 3 * 1024 * 1024 + 5;
    const bytes = Buffer.alloc(size, "0123456789ab");
    const middle = 2 * 1024 * 1024 + 1;
    await sendChunk(emulator, { range: `bytes ${middle}-${size - 1}/${size}`, body: bytes.subarray(middle) });
    await sendChunk(emulator, { range: `bytes 0-${middle - 1}/${size}`, body: bytes.subarray(0, middle) });
    expect((await commit(emulator)).status).toBe(200);
    expect((await readFile(emulator.contentPath("App/a.txt"))).equals(bytes)).toBe(true);
    expect(await isLinked(emulator)).toBe(false);
  });

  it("that have another length than their range are copied in order, together with the others", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 8-9/10", body: "89" });
    await sendChunk(emulator, { range: "bytes 4-7/10", body: "34567" });
    await sendChunk(emulator, { range: "bytes 0-3/10", body: "012" });
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe("0123456789");
  });

  it("of unknown length are copied, too", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    const headers = { "Content-Range": second.range, "Transfer-Encoding": "chunked" };
    const url = `/ImageStore/App/a.txt/$/UploadChunk?${version}&session-id=${session1}`;
    expect((await send(emulator, "PUT", url, { headers, body: second.body })).status).toBe(200);
    expect(await staged(emulator)).toHaveLength(2);
    await commit(emulator);
    expect(await committed(emulator)).toBe("0123456789");
  });

  it("keep their bytes when one of them is sent again", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    expect(await sendChunk(emulator, { ...first, body: "xxxxx" })).toMatchObject({
      status: 400,
      code: rangeCode,
    });
    await sendChunk(emulator, second);
    await commit(emulator);
    expect(await sendChunk(emulator, { ...first, body: "xxxxx" })).toMatchObject({
      status: 400,
      code: rangeCode,
    });
    expect(await committed(emulator)).toBe("0123456789");
  });

  it("count as one staged file each, with the bytes that arrived", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-1/100000", body: "01" });
    await sendChunk(emulator, { range: "bytes 90000-90004/100000", body: "01234" });
    await sendChunk(emulator, { range: "bytes 10-19/100000", body: "short" });
    expect(await stagingUsage(emulator)).toEqual({ bytes: 12, files: 3 });
    await deleteSession(emulator);
    expect(await stagingUsage(emulator)).toEqual({ bytes: 0, files: 0 });
  });

  it("cause 404 NotFound if their file was lost, even if more chunks arrive afterwards", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    for (const file of await staged(emulator)) await rm(file);
    expect((await sendChunk(emulator, second)).status).toBe(200);
    expect(await commit(emulator)).toMatchObject({ status: 404, code: "NotFound" });
  });
});

describe("two chunks with the same range at once", () => {
  it.each([
    ["the first", 0, "aaaaa"],
    ["the second", 1, "bbbbb"],
  ])("leave the bytes of %s if that is complete first", async (_, winner, bytes) => {
    const emulator = await emulatorForTest();
    const chunks = [
      await beginChunk(emulator, first.range, "aa"),
      await beginChunk(emulator, first.range, "bb"),
    ];
    const rests = ["aaa", "bbb"];
    expect(await chunks[winner]?.end(rests[winner] ?? "")).toBe(200);
    expect(await chunks[1 - winner]?.end(rests[1 - winner] ?? "")).toBe(400);
    await sendChunk(emulator, second);
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe(`${bytes}56789`);
  });

  it("do not share a file if they declare different sizes", async () => {
    const emulator = await emulatorForTest();
    const large = await beginChunk(emulator, "bytes 15-19/20", "xx");
    const small = await beginChunk(emulator, first.range, "01");
    expect(await small.end("234")).toBe(200);
    await sendChunk(emulator, second);
    expect(await large.end("xxx")).toBe(400);
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe("0123456789");
  });
});

describe("a chunk whose connection breaks", () => {
  it("is replaced by other bytes, and the commit copies nothing", async () => {
    const entries: RequestLogEntry[] = [];
    const emulator = await emulatorForTest({ onRequest: (entry) => entries.push(entry) });
    await sendChunk(emulator, { range: `bytes 0-4/${5 + large}`, body: "01234" });
    const range = `bytes 5-${4 + large}/${5 + large}`;
    const broken = await beginChunk(emulator, range, Buffer.alloc(large - 1, "x"), large);
    // Some of it is on the disk.
    await expect.poll(async () => (await stagingUsage(emulator)).bytes).toBeGreaterThan(large / 2);
    broken.break();
    await expect.poll(() => entries.map(({ code }) => code)).toContain("ConnectionBroken");
    expect(await stagingUsage(emulator)).toEqual({ bytes: 5, files: 1 });
    expect(expectedRanges(await getSession(emulator))).toEqual([`5-${4 + large}`]);
    const bytes = Buffer.alloc(large, "567890");
    await sendChunk(emulator, { range, body: bytes });
    await commit(emulator);
    const file = await readFile(emulator.contentPath("App/a.txt"));
    expect(file.equals(Buffer.concat([Buffer.from("01234"), bytes]))).toBe(true);
    expect(await isLinked(emulator)).toBe(true);
  });
});

describe("a committed session", () => {
  it("writes its own bytes again after each upload that replaced the file", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    await sendChunk(emulator, second);
    for (const other of ["other", "and another"]) {
      expect((await commit(emulator)).status).toBe(200);
      expect(await committed(emulator)).toBe("0123456789");
      await putFile(emulator, "App/a.txt", other);
      expect(await committed(emulator)).toBe(other);
    }
  });

  it("never writes to its committed file when its ID is used for another upload", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    await sendChunk(emulator, second);
    await commit(emulator);
    await deleteSession(emulator);
    await sendChunk(emulator, { ...first, body: "xxxxx" });
    expect(await committed(emulator)).toBe("0123456789");
  });
});

describe("deleting a session", () => {
  it("during a chunk keeps that chunk, but not the bytes of earlier ones", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    const chunk = await beginChunk(emulator, second.range, "56");
    await deleteSession(emulator);
    expect(await chunk.end("789")).toBe(200);
    expect(expectedRanges(await getSession(emulator))).toEqual(["0-4"]);
    await sendChunk(emulator, { ...first, body: "abcde" });
    expect((await commit(emulator)).status).toBe(200);
    expect(await committed(emulator)).toBe("abcde56789");
    await deleteSession(emulator);
    expect(await staged(emulator)).toEqual([]);
  });

  it("during its commit leaves a complete file or none", async () => {
    disk.hasHardLinks = false;
    const emulator = await emulatorForTest();
    const size = 4 * 1024 * 1024;
    const bytes = Buffer.alloc(size, "0123456789abcdef");
    for (let time = 0; time < 5; time++) {
      const [start, end] = [size / 2, size - 1];
      await sendChunk(emulator, { range: `bytes 0-${start - 1}/${size}`, body: bytes.subarray(0, start) });
      await sendChunk(emulator, { range: `bytes ${start}-${end}/${size}`, body: bytes.subarray(start) });
      const [done] = await Promise.all([
        commit(emulator),
        deleteSession(emulator),
        sendChunk(emulator, { range: `bytes 0-${start - 1}/${size}`, body: Buffer.alloc(start, "x") }),
      ]);
      expect([200, 400, 404]).toContain(done.status);
      if (done.status === 200)
        expect((await readFile(emulator.contentPath("App/a.txt"))).equals(bytes)).toBe(true);
      await deleteSession(emulator);
      await send(emulator, "DELETE", `/ImageStore/App?${version}`);
    }
  });
});

describe("a failover", () => {
  it("during a chunk drops its file, and the next chunk begins a new one", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, first);
    const chunk = await beginChunk(emulator, second.range, "xx");
    await emulator.failover();
    expect(await chunk.end("")).not.toBe(200);
    await sendChunk(emulator, second);
    expect(expectedRanges(await getSession(emulator))).toEqual(["0-4"]);
    await sendChunk(emulator, first);
    await commit(emulator);
    expect(await committed(emulator)).toBe("0123456789");
    expect(await isLinked(emulator)).toBe(true);
  });
});

describe("the file of a session", () => {
  it("accepts no more chunks after a complete part was discarded, because a commit can be copying it", () => {
    const folder = scratchFolder();
    const files = new SessionFiles();
    let created = 0;
    const claim = (start: number, end: number) => {
      created += 1;
      const claimed = files.claim(
        { sessionId: session1, start, end, size: 10 },
        join(folder, String(created)),
      );
      if (claimed === undefined) throw new Error("The chunk got no part.");
      return claimed.part;
    };
    const complete = claim(0, 5);
    const incomplete = claim(5, 8);
    complete.written = 5;
    expect(files.release(incomplete)).toBe(false);
    expect(claim(5, 8).file).toBe(complete.file);
    expect(files.release(complete)).toBe(false);
    expect(claim(0, 5).file).not.toBe(complete.file);
  });
});
