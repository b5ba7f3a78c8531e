import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PendingWrites } from "../src/store/pending-writes.js";
import { parseStorePath } from "../src/store/store-path.js";
import {
  allFiles,
  copyContent,
  deleteContent,
  listContent,
  listed,
  putFile,
  putFiles,
} from "./content-exchange.js";
import { emulatorForTest, getSession, sendChunk } from "./exchange.js";

const rangeCode = "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";

describe("§1 a whole file in one request", () => {
  it("is stored byte for byte", async () => {
    const emulator = await emulatorForTest();
    const bytes = Buffer.alloc(3 * 1024 * 1024 + 5, "0123456789ab");
    expect(await putFile(emulator, "App/Code/big.bin", bytes)).toMatchObject({ status: 200, text: "" });
    expect((await readFile(emulator.contentPath("App/Code/big.bin"))).equals(bytes)).toBe(true);
  });

  it("§2.5 may be empty, unlike a file in an upload session", async () => {
    const emulator = await emulatorForTest();
    expect((await putFile(emulator, "App/_.dir", "")).status).toBe(200);
    expect((await listContent(emulator, "App")).text).toContain('"FileSize":"0"');
  });

  it("replaces an existing file in any spelling, and gets a higher version", async () => {
    const emulator = await emulatorForTest();
    await putFile(emulator, "App/a.txt", "old");
    await putFile(emulator, "APP/A.txt", "newer");
    expect(listed(await listContent(emulator, "App")).files).toEqual(["APP\\A.txt"]);
    expect((await listContent(emulator, "App")).text).toContain('"VersionNumber":"2"');
    expect(await readFile(emulator.contentPath("app/a.txt"), "utf8")).toBe("newer");
    expect(await readdir(join(emulator.location, "content"))).toEqual(["App"]);
  });

  it.each(["bytes 0-4/5", "bytes 7-9/100", "", "bytes */5"])(
    "§1 row 5: checks only the form of Content-Range (%o is valid) and ignores its value",
    async (range) => {
      const emulator = await emulatorForTest();
      const answer = await putFile(emulator, "a", "01234", { headers: { "Content-Range": range } });
      expect(answer.status).toBe(200);
      expect(await readFile(emulator.contentPath("a"), "utf8")).toBe("01234");
    },
  );

  it.each(["nonsense", "bytes 5-4/10", "bytes 0-11/10", "bytes 0-4/*"])(
    "§2.1 rejects the Content-Range %o with 400 and the range code",
    async (range) => {
      const emulator = await emulatorForTest();
      const answer = await putFile(emulator, "a", "01234", { headers: { "Content-Range": range } });
      expect(answer).toMatchObject({ status: 400, code: rangeCode });
      expect(existsSync(emulator.contentPath("a"))).toBe(false);
    },
  );

  it("§4.2 gets 500 with the I/O code if a folder is in the way, and keeps the folder", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/a", "b");
    expect(await putFile(emulator, "App")).toMatchObject({
      status: 500,
      code: "FABRIC_E_IMAGESTORE_IOERROR",
    });
    expect(await putFile(emulator, "b/c")).toMatchObject({
      status: 500,
      code: "FABRIC_E_IMAGESTORE_IOERROR",
    });
    expect(await allFiles(emulator)).toEqual(["App\\a", "b"]);
    const [run = ""] = await readdir(join(emulator.location, "staging"));
    expect(await readdir(join(emulator.location, "staging", run))).toEqual([]);
  });

  it("keeps the old file, in listings too, if its replacement fails", async () => {
    const emulator = await emulatorForTest();
    await putFile(emulator, "a", "old");
    await rm(emulator.contentPath("a"));
    await mkdir(join(emulator.contentPath("a"), "in the way"), { recursive: true });
    expect((await putFile(emulator, "a", "new")).status).toBe(500);
    expect((await listContent(emulator)).text).toContain('"VersionNumber":"1"');
  });
});

describe("§1.4 deleting content", () => {
  it("removes a file, or a folder with everything below it and nothing else", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/a", "App/Code/b", "App/Code/Deep/c", "Apple", "App2/d");
    expect(await deleteContent(emulator, "app%5Ccode")).toMatchObject({ status: 200, text: "" });
    expect(await allFiles(emulator)).toEqual(["App2\\d", "App\\a", "Apple"]);
    await deleteContent(emulator, "APP");
    expect(await allFiles(emulator)).toEqual(["App2\\d", "Apple"]);
    expect((await readdir(join(emulator.location, "content"))).sort()).toEqual(["App2", "Apple"]);
  });

  it("frees the name: a file can then replace a folder, and vice versa", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "x/y");
    await deleteContent(emulator, "x/y");
    expect((await putFile(emulator, "X")).status).toBe(200);
    await deleteContent(emulator, "X");
    expect((await putFile(emulator, "x/y/z")).status).toBe(200);
  });

  it("succeeds for a path that does not exist", async () => {
    const emulator = await emulatorForTest();
    expect((await deleteContent(emulator, "nothing/here")).status).toBe(200);
  });

  it.each(["Store", "store", "WindowsFabricStore", "WINDOWSFABRICSTORE"])("rejects %s", async (path) => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, `${path}/a`);
    const code = "FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR";
    expect(await deleteContent(emulator, path)).toMatchObject({ status: 400, code, reason: code });
    expect((await deleteContent(emulator, `${path}/a`)).status).toBe(200);
  });

  it("checks reserved names before it trims separators, so Store\\ is accepted", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "Store/a");
    expect((await deleteContent(emulator, "Store%5C")).status).toBe(200);
    expect(await allFiles(emulator)).toEqual([]);
  });

  it("does not affect the upload sessions of the path", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/a.txt");
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await deleteContent(emulator, "App/a.txt");
    expect((await getSession(emulator)).status).toBe(200);
  });
});

describe("§1.4 a write in progress", () => {
  const inTurn = (pending: PendingWrites, path: string, kind: "write" | "delete", timeoutMs = 0) =>
    pending.runInTurn(parseStorePath(path), kind, { timeoutMs }, async () => "done");

  it.each([
    ["write", "a/b", "FABRIC_E_TIMEOUT"],
    ["write", "A\\B\\c", "FABRIC_E_TIMEOUT"],
    ["write", "a", "done"],
    ["write", "a/bc", "done"],
    ["delete", "a", "FABRIC_E_TIMEOUT"],
    ["delete", "a/b/c", "FABRIC_E_TIMEOUT"],
    ["delete", "b", "done"],
  ] as const)("makes a %s of %s end with %s", async (kind, path, end) => {
    const pending = new PendingWrites();
    const outcome = await pending.run(parseStorePath("a/b"), () =>
      inTurn(pending, path, kind).catch((error: { code: string }) => error.code),
    );
    expect(outcome).toBe(end);
  });

  it("also blocks the deletion of a path whose text is a prefix of its path (App and Apple)", async () => {
    const pending = new PendingWrites();
    const outcome = await pending.run(parseStorePath("Apple"), () =>
      inTurn(pending, "App", "delete").catch((error: { status: number }) => error.status),
    );
    expect(outcome).toBe(504);
  });

  it("delays another write, which then succeeds", async () => {
    const pending = new PendingWrites();
    const order: string[] = [];
    let release = () => {};
    const first = pending.run(parseStorePath("a"), () => new Promise<void>((resolve) => (release = resolve)));
    const second = pending.runInTurn(parseStorePath("a"), "write", { timeoutMs: 60_000 }, async () =>
      order.push("second"),
    );
    order.push("first");
    release();
    await Promise.all([first, second]);
    expect(order).toEqual(["first", "second"]);
  });
});

describe("§1.5 copying", () => {
  async function emulatorWithApp() {
    const emulator = await emulatorForTest();
    await putFile(emulator, "My/App/_.dir", "");
    await putFile(emulator, "My/App/a.txt", "a");
    await putFile(emulator, "My/App/Code/b.txt", "bb");
    await putFile(emulator, "My/App/Code/_.dir", "");
    return emulator;
  }
  const copiedApp = ["Backup\\Code\\_.dir", "Backup\\Code\\b.txt", "Backup\\_.dir", "Backup\\a.txt"];
  const ofApp = (files: string[]) => files.filter((path) => !path.startsWith("My\\"));

  it("of a folder copies everything below it, and the mark file last", async () => {
    const emulator = await emulatorWithApp();
    expect(
      await copyContent(emulator, { RemoteSource: "My\\App", RemoteDestination: "Backup" }),
    ).toMatchObject({
      status: 200,
      text: "",
    });
    expect(ofApp(await allFiles(emulator))).toEqual(copiedApp.sort());
    expect(await readFile(emulator.contentPath("Backup/Code/b.txt"), "utf8")).toBe("bb");
    const versions = JSON.parse((await listContent(emulator, "Backup")).text).StoreFiles.map(
      (file: { StoreRelativePath: string; FileVersion: { VersionNumber: string } }) => [
        file.StoreRelativePath,
        Number(file.FileVersion.VersionNumber),
      ],
    );
    expect(versions).toEqual([
      ["Backup\\_.dir", 8],
      ["Backup\\a.txt", expect.any(Number)],
    ]);
  });

  it.each(["My/App", "My\\App2", "Nothing", "My"])(
    "fails with 404 FABRIC_E_FILE_NOT_FOUND for the source %s",
    async (RemoteSource) => {
      const emulator = await emulatorWithApp();
      const answer = await copyContent(emulator, { RemoteSource, RemoteDestination: "Backup" });
      expect(answer).toMatchObject({ status: 404, code: "FABRIC_E_FILE_NOT_FOUND" });
      expect(ofApp(await allFiles(emulator))).toEqual([]);
    },
  );

  it("accepts the source in any case, and a nested destination with either separator", async () => {
    const emulator = await emulatorWithApp();
    await copyContent(emulator, { RemoteSource: "my\\APP\\A.TXT", RemoteDestination: "New/Place\\c.txt" });
    expect(ofApp(await allFiles(emulator))).toEqual(["New\\Place\\c.txt"]);
  });

  it("concatenates paths as text: if the source ends with a separator, the new names lack it", async () => {
    const emulator = await emulatorWithApp();
    await copyContent(emulator, { RemoteSource: "My\\App\\", RemoteDestination: "Backup" });
    expect(ofApp(await allFiles(emulator))).toEqual(
      ["Backup\\_.dir", "BackupCode\\_.dir", "BackupCode\\b.txt", "Backupa.txt"].sort(),
    );
  });

  it("skips files by name, in any folder and any case, but not the mark file", async () => {
    const emulator = await emulatorWithApp();
    const SkipFiles = ["A.TXT", "B.txt", "_.dir"];
    await copyContent(emulator, { RemoteSource: "My\\App", RemoteDestination: "Backup", SkipFiles });
    expect(ofApp(await allFiles(emulator))).toEqual(["Backup\\_.dir"]);
  });

  it.each([undefined, 2, "Overwrite"])(
    "deletes the destination folder first with CopyFlag %o",
    async (CopyFlag) => {
      const emulator = await emulatorWithApp();
      await putFiles(emulator, "Backup/old", "Backup/_.dir");
      await copyContent(emulator, { RemoteSource: "My\\App", RemoteDestination: "Backup", CopyFlag });
      expect(ofApp(await allFiles(emulator))).toEqual(copiedApp.sort());
    },
  );

  it.each([1, "Echo"])(
    "does not change a destination with a mark file with CopyFlag %o",
    async (CopyFlag) => {
      const emulator = await emulatorWithApp();
      await putFiles(emulator, "Backup/old", "Backup/_.dir");
      const description = { RemoteSource: "My\\App", RemoteDestination: "Backup", CopyFlag };
      expect((await copyContent(emulator, description)).status).toBe(200);
      expect(ofApp(await allFiles(emulator))).toEqual(["Backup\\_.dir", "Backup\\old"]);
      await deleteContent(emulator, "Backup/_.dir");
      await copyContent(emulator, description);
      expect(ofApp(await allFiles(emulator))).toEqual(copiedApp.sort());
    },
  );

  it("succeeds if the destination file exists, and overwrites it unless CopyFlag is Echo", async () => {
    const emulator = await emulatorWithApp();
    await putFile(emulator, "c", "old");
    const description = { RemoteSource: "My\\App\\a.txt", RemoteDestination: "c" };
    expect((await copyContent(emulator, { ...description, CopyFlag: "Echo" })).status).toBe(200);
    expect(await readFile(emulator.contentPath("c"), "utf8")).toBe("old");
    await copyContent(emulator, description);
    expect(await readFile(emulator.contentPath("c"), "utf8")).toBe("a");
  });

  it.each([true, false])("ignores CheckMarkFile (%s)", async (CheckMarkFile) => {
    const emulator = await emulatorWithApp();
    await putFiles(emulator, "Bare/x");
    const bare = { RemoteSource: "Bare", RemoteDestination: "Backup", CheckMarkFile };
    expect((await copyContent(emulator, bare)).status).toBe(404);
    const whole = { RemoteSource: "My\\App", RemoteDestination: "Backup", CheckMarkFile };
    expect((await copyContent(emulator, whole)).status).toBe(200);
  });

  it.each(["Store", "windowsfabricstore"])(
    "of a folder onto %s is rejected, because it would delete that folder",
    async (name) => {
      const emulator = await emulatorWithApp();
      await putFiles(emulator, `${name}/kept`);
      const answer = await copyContent(emulator, { RemoteSource: "My\\App", RemoteDestination: name });
      expect(answer).toMatchObject({ status: 400, code: "FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR" });
      expect(ofApp(await allFiles(emulator))).toEqual([`${name}\\kept`]);
      const file = { RemoteSource: "My\\App\\a.txt", RemoteDestination: `${name}\\a.txt` };
      expect((await copyContent(emulator, file)).status).toBe(200);
    },
  );

  it("of a folder onto itself deletes the folder first, and then has nothing to copy", async () => {
    const emulator = await emulatorWithApp();
    const answer = await copyContent(emulator, { RemoteSource: "My\\App", RemoteDestination: "My\\App" });
    expect(answer).toMatchObject({ status: 404, code: "FABRIC_E_FILE_NOT_FOUND" });
  });

  it.each([
    "",
    "{",
    "[]",
    "null",
    '{"RemoteSource":"a"}',
    '{"RemoteSource":1,"RemoteDestination":"b"}',
    '{"RemoteSource":"a","RemoteDestination":"b","SkipFiles":"c"}',
    '{"RemoteSource":"a","RemoteDestination":"b","CopyFlag":"Copy"}',
    '{"RemoteSource":"a","RemoteDestination":"b","CopyFlag":3}',
    '{"RemoteSource":"..\\\\a","RemoteDestination":"b"}',
    '{"RemoteSource":"a","RemoteDestination":"C:\\\\b"}',
    '{"RemoteSource":"a","RemoteDestination":"\\ud800"}',
  ])("fails with 400 E_INVALIDARG for the body %s", async (body) => {
    const emulator = await emulatorWithApp();
    expect(await copyContent(emulator, body)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });
});
