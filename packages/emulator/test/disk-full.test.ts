import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { scratchFolder, smallDisk } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { startEmulator } from "../src/index.js";
import { allFiles, copyContent, deleteContent, putFile } from "./content-exchange.js";
import { commit, emulatorForTest, sendChunk } from "./exchange.js";

const ioError = { status: 500, code: "FABRIC_E_IMAGESTORE_IOERROR" };
const mebibyte = 1024 * 1024;

describe("a full disk", () => {
  it("§4.2 causes a 500 with the I/O code, and nothing is partially written", async ({ skip }) => {
    const location = smallDisk(scratchFolder());
    if (location === undefined) return skip("only root on Linux can make a small disk");
    const emulator = await emulatorForTest({ location });
    const staged = async () => {
      const [run = ""] = await readdir(join(location, "staging"));
      return readdir(join(location, "staging", run));
    };
    await putFile(emulator, "kept", Buffer.alloc(700_000, "k"));
    expect(await putFile(emulator, "big", Buffer.alloc(2 * mebibyte))).toMatchObject(ioError);
    expect(await putFile(emulator, "kept", Buffer.alloc(2 * mebibyte))).toMatchObject(ioError);
    expect(await copyContent(emulator, { RemoteSource: "kept", RemoteDestination: "a" })).toMatchObject({
      status: 200,
    });
    expect(await copyContent(emulator, { RemoteSource: "kept", RemoteDestination: "b" })).toMatchObject(
      ioError,
    );
    expect(await staged()).toEqual([]);
    expect(await allFiles(emulator)).toEqual(["a", "kept"]);
    await deleteContent(emulator, "a");
    // The chunks fit, the joined file does not; the session stays, and works once there is room. Their lengths differ from
    // their ranges, so they are copied.
    const size = 900_000;
    await sendChunk(emulator, { range: `bytes 0-9/${size}`, body: Buffer.alloc(11) });
    await sendChunk(emulator, { range: `bytes 10-${size - 1}/${size}`, body: Buffer.alloc(size - 11) });
    expect(await commit(emulator)).toMatchObject(ioError);
    expect(await staged()).toHaveLength(2);
    expect(await allFiles(emulator)).toEqual(["kept"]);
    expect((await readFile(emulator.contentPath("kept"))).equals(Buffer.alloc(700_000, "k"))).toBe(true);
    await deleteContent(emulator, "kept");
    expect((await commit(emulator)).status).toBe(200);
  });

  it("fails a chunk, which works once there is room, and does not need room for the commit", async ({
    skip,
  }) => {
    const location = smallDisk(scratchFolder());
    if (location === undefined) return skip("only root on Linux can make a small disk");
    const emulator = await emulatorForTest({ location });
    const size = 1_100_000;
    const bytes = Buffer.alloc(size, "0123456789ab");
    const first = { range: `bytes 0-9/${size}`, body: bytes.subarray(0, 10) };
    const second = { range: `bytes 10-${size - 1}/${size}`, body: bytes.subarray(10) };
    await putFile(emulator, "filler", Buffer.alloc(mebibyte));
    expect((await sendChunk(emulator, first)).status).toBe(200);
    expect(await sendChunk(emulator, second)).toMatchObject(ioError);
    await deleteContent(emulator, "filler");
    expect((await sendChunk(emulator, second)).status).toBe(200);
    expect((await commit(emulator)).status).toBe(200);
    expect((await readFile(emulator.contentPath("App/a.txt"))).equals(bytes)).toBe(true);
  });

  it("while writing the index loses neither the old file nor the index", async ({ skip }) => {
    const location = smallDisk(scratchFolder());
    if (location === undefined) return skip("only root on Linux can make a small disk");
    const emulator = await startEmulator({ location });
    await putFile(emulator, "a", "old");
    const { bavail, bsize } = await statfs(location);
    await putFile(emulator, "filler", Buffer.alloc((bavail - 2) * bsize));
    // Two blocks are left: one for each new file, until the index needs another.
    let failed = 0;
    for (let time = 0; time < 60; time++) {
      const { status } = await putFile(emulator, "a", `new ${time}`);
      if (status === 200) continue;
      expect(status).toBe(500);
      failed += 1;
    }
    expect(failed).toBeGreaterThan(0);
    const text = await readFile(emulator.contentPath("a"), "utf8");
    expect(text).toMatch(/^new \d+$/);
    await emulator.close();
    const lines = (await readFile(join(location, "index.jsonl"), "utf8")).trimEnd().split("\n");
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });
});
