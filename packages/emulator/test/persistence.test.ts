import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { type Emulator, LocationInUseError, startEmulator } from "../src/index.js";
import { allFiles, deleteContent, listContent, listed, putFile, putFiles } from "./content-exchange.js";
import {
  commit,
  emulatorForTest,
  expectedRanges,
  getSession,
  sendChunk,
  session1,
  session2,
  version,
} from "./exchange.js";
import { imageStoreForTest, stage, timeForTest } from "./image-store-for-test.js";

const clock = { now: () => timeForTest };

interface Versioned {
  StoreRelativePath: string;
  FileVersion: { VersionNumber: string; EpochConfigurationNumber: string; EpochDataLossNumber: string };
}

async function versions(emulator: Emulator, path = ""): Promise<Map<string, Versioned["FileVersion"]>> {
  const { StoreFiles } = JSON.parse((await listContent(emulator, path)).text);
  return new Map(StoreFiles.map((file: Versioned) => [file.StoreRelativePath, file.FileVersion]));
}

describe("§2.9 a failover", () => {
  it("drops sessions and chunks, and keeps committed files", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { id: session1, path: "a", range: "bytes 0-4/5", body: "01234" });
    await commit(emulator, session1);
    await sendChunk(emulator, { id: session2, path: "b", range: "bytes 0-4/10", body: "01234" });
    const [before] = await readdir(join(emulator.location, "staging"));
    await emulator.failover();
    expect(await readFile(emulator.contentPath("a"), "utf8")).toBe("01234");
    expect((await getSession(emulator, session1)).status).toBe(204);
    expect((await getSession(emulator, session2)).status).toBe(204);
    const after = await readdir(join(emulator.location, "staging"));
    expect(after).toHaveLength(1);
    expect(after).not.toContain(before);
  });

  it("makes the next chunk create a new session in which everything else is missing", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await emulator.failover();
    expect((await sendChunk(emulator, { range: "bytes 5-9/10", body: "56789" })).status).toBe(200);
    expect(expectedRanges(await getSession(emulator))).toEqual(["0-4"]);
  });

  it("makes a commit fail with 400 even if an earlier one succeeded", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    expect((await commit(emulator)).status).toBe(200);
    await emulator.failover();
    expect(await commit(emulator)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    expect(await allFiles(emulator)).toEqual(["App\\a.txt"]);
  });

  it("gives later writes a higher configuration number, and does not change earlier files", async () => {
    const emulator = await emulatorForTest({ clock });
    await putFiles(emulator, "a");
    await emulator.failover();
    await putFiles(emulator, "b");
    const { a, b } = Object.fromEntries(await versions(emulator));
    expect(a).toMatchObject({ VersionNumber: "1", EpochConfigurationNumber: String(2 ** 32) });
    expect(b).toMatchObject({ VersionNumber: "2", EpochConfigurationNumber: String(2 * 2 ** 32) });
    expect(a?.EpochDataLossNumber).toBe(b?.EpochDataLossNumber);
  });

  it("§4.2 aborts a chunk in progress with 503 E_ABORT", async () => {
    const emulator = await emulatorForTest();
    const { hostname, port } = new URL(emulator.endpoint);
    const socket = connect(Number(port), hostname);
    const line = `PUT /ImageStore/a/$/UploadChunk?${version}&session-id=${session1} HTTP/1.1`;
    socket.write(`${line}\r\nHost: x\r\nContent-Range: bytes 0-999/1000\r\nContent-Length: 1000\r\n\r\nabc`);
    const [run = ""] = await readdir(join(emulator.location, "staging"));
    await expect.poll(() => readdir(join(emulator.location, "staging", run))).toHaveLength(1);
    const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    await emulator.failover();
    expect(await answered).toMatch(/^HTTP\/1\.1 503 E_ABORT\r\n[\s\S]*"Code":"E_ABORT"/);
    socket.destroy();
    expect((await getSession(emulator)).status).toBe(204);
  });
});

describe("a file that is being moved when the store fails over", () => {
  it("is lost, and the file it would have replaced remains", async () => {
    const store = await imageStoreForTest();
    const path = store.content.parsePath("a");
    await store.content.replace(path, await stage(store, "old"));
    const file = await stage(store, "new");
    await store.staging.failOver();
    const moved = store.staging.handOver(file, () => store.content.replace(path, file));
    await expect(moved).rejects.toMatchObject({ code: "E_ABORT" });
    expect(await readFile(store.content.resolve(path), "utf8")).toBe("old");
    expect(store.content.find(path)).toMatchObject({ stable: true, size: 3 });
  });
});

describe("after close", () => {
  it("a failover does not create the folder again", async () => {
    const emulator = await startEmulator();
    await emulator.close();
    await emulator.failover();
    expect(existsSync(emulator.location)).toBe(false);
  });
});

describe("a kept location", () => {
  it("shows the next run the same files: spelling, sizes, dates and versions", async () => {
    const location = scratchFolder();
    const first = await startEmulator({ location, clock });
    await putFile(first, "App/Code/a.TXT", "12345");
    await putFile(first, "APP/code/A.txt", "123");
    await sendChunk(first, { path: "app/B", range: "bytes 0-4/5", body: "01234" });
    await commit(first);
    await putFiles(first, "gone");
    await deleteContent(first, "gone");
    const before = [
      await listContent(first),
      await listContent(first, "App/Code"),
      await listContent(first, "App"),
    ];
    await first.close();
    const second = await emulatorForTest({ location });
    const after = [
      await listContent(second),
      await listContent(second, "App/Code"),
      await listContent(second, "App"),
    ];
    expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
    await putFiles(second, "new");
    expect((await versions(second)).get("new")).toMatchObject({
      VersionNumber: "5",
      EpochConfigurationNumber: String(2 * 2 ** 32),
    });
    const journal = await readFile(join(location, "index.jsonl"), "utf8");
    expect(journal).toContain(`"sessionId":"${session1}"`);
  });

  it("is rebuilt from the disk when its index is lost, or has unreadable and unfinished lines", async () => {
    const location = scratchFolder();
    const index = join(location, "index.jsonl");
    const damages = [
      () => rm(index),
      () => writeFile(index, 'nonsense\n{"path":1}\n[]\n{"version":{"dataLoss":"x"}}\n'),
      async () => truncate(index, (await stat(index)).size - 5),
    ];
    const first = await startEmulator({ location });
    await putFiles(first, "App/a", "App/Code/b");
    await first.close();
    for (const damage of damages) {
      await damage();
      const next = await startEmulator({ location });
      expect(await allFiles(next)).toEqual(["App\\Code\\b", "App\\a"]);
      await next.close();
    }
  });

  it("adds files that a user copied there, and gives a changed file a new version", async () => {
    const location = scratchFolder();
    const first = await startEmulator({ location, clock });
    await putFile(first, "a", "1");
    const file = first.contentPath("a");
    await first.close();
    await writeFile(file, "two");
    await utimes(file, 1, 1);
    await mkdir(join(location, "content", "Mine"));
    await writeFile(join(location, "content", "Mine", "b"), "x");
    await symlink("/etc", join(location, "content", "link"));
    await writeFile(join(location, "content", "bad:name"), "x");
    const second = await emulatorForTest({ location });
    expect(listed(await listContent(second))).toMatchObject({ files: ["a"], folders: ["Mine 1"] });
    expect((await versions(second)).get("a")?.VersionNumber).not.toBe("1");
    expect((await listContent(second)).text).toContain('"ModifiedDate":"1970-01-01T00:00:01.000Z"');
    expect((await putFile(second, "mine/c", "x")).status).toBe(200);
    expect(await readdir(join(location, "content", "Mine"))).toEqual(["b", "c"]);
  });

  it("discards writes that a killed run announced but did not finish", async () => {
    const location = scratchFolder();
    const first = await startEmulator({ location });
    await putFiles(first, "a");
    await first.close();
    const line = {
      path: "never",
      version: { dataLoss: "1", configuration: "1", number: 9 },
      size: 1,
      modifiedAt: 1,
    };
    await writeFile(join(location, "index.jsonl"), `${JSON.stringify(line)}\n{"path":"unfin`, { flag: "a" });
    const second = await emulatorForTest({ location });
    expect(await allFiles(second)).toEqual(["a"]);
  });

  it("limits the size of its index", async () => {
    const location = scratchFolder();
    const emulator = await emulatorForTest({ location });
    for (let time = 0; time < 20; time++) await putFiles(emulator, "a");
    const before = (await stat(join(location, "index.jsonl"))).size;
    await emulator.failover();
    expect((await stat(join(location, "index.jsonl"))).size).toBeLessThan(before / 5);
    await putFiles(emulator, "b");
    expect(await allFiles(emulator)).toEqual(["a", "b"]);
  });

  it("removes the staging folders of killed runs, and nothing else", async () => {
    const location = scratchFolder();
    const killed = join(location, "staging", "sf-image-store-run-11111111-2222-3333-4444-555555555555");
    const foreign = ["run", "11111111-2222-3333-4444-555555555555", "sf-image-store-run-mine"];
    for (const folder of [killed, ...foreign.map((name) => join(location, "staging", name))]) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "chunk"), "x");
    }
    const emulator = await startEmulator({ location });
    expect(existsSync(killed)).toBe(false);
    await emulator.close();
    expect((await readdir(join(location, "staging"))).sort()).toEqual(foreign.sort());
  });
});

describe("two emulators on one location", () => {
  it("are rejected, in this process and in another running process", async () => {
    const location = scratchFolder();
    const first = await startEmulator({ location });
    await expect(startEmulator({ location })).rejects.toBeInstanceOf(LocationInUseError);
    await first.close();
    await writeFile(join(location, "emulator.lock"), `${process.ppid} x\n`);
    await expect(startEmulator({ location })).rejects.toThrow(`Process ${process.ppid} uses the image store`);
    expect(await readFile(join(location, "emulator.lock"), "utf8")).toBe(`${process.ppid} x\n`);
  });

  it.each([`${process.pid} of a run before`, "4194999 dead", "nonsense"])(
    "ignore the lock of a killed run (%s)",
    async (lock) => {
      const location = scratchFolder();
      await mkdir(location, { recursive: true });
      await writeFile(join(location, "emulator.lock"), lock);
      const emulator = await startEmulator({ location });
      await emulator.close();
      expect(existsSync(join(location, "emulator.lock"))).toBe(false);
    },
  );
});
