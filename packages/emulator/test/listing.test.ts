import { describe, expect, it } from "vitest";
import { contentHandlers } from "../src/handlers/content.js";
import { listFolder } from "../src/handlers/content-page.js";
import type { ImageStore } from "../src/image-store.js";
import { copyContent, deleteContent, listContent, listed, putFile, putFiles } from "./content-exchange.js";
import { commit, emulatorForTest, send, sendChunk } from "./exchange.js";
import { imageStoreForTest, stage, timeForTest } from "./image-store-for-test.js";

function listInProcess(store: ImageStore, path: string) {
  return contentHandlers(store).GetImageStoreContent({
    path: store.content.parsePath(path),
    resource: undefined,
    query: new Map(),
    apiVersion: 6.2,
    contentRange: undefined,
    contentLength: undefined,
    timeoutMs: 0,
    body: (async function* () {})(),
    smallBody: Buffer.alloc(0),
  });
}

const clock = { now: () => timeForTest };

describe("§1.3 a listing", () => {
  it("contains only files and folders directly in the folder", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/a.txt", "App/Code/b.txt", "App/Code/Deep/c.txt", "Other/d.txt", "top.txt");
    expect(listed(await listContent(emulator, "App"))).toEqual({
      files: ["App\\a.txt"],
      folders: ["App\\Code 2"],
      token: "",
    });
    expect(listed(await listContent(emulator))).toMatchObject({
      files: ["top.txt"],
      folders: ["App 3", "Other 1"],
    });
  });

  it("of a file's path contains only that file", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/a.txt");
    const expected = { files: ["App\\a.txt"], folders: [], token: "" };
    expect(listed(await listContent(emulator, "App/a.txt"))).toEqual(expected);
    expect(listed(await listContent(emulator, "APP%5CA.TXT"))).toEqual(expected);
  });

  it("is sorted by lowercase path, and shows paths in the case of their last write", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "B", "a", "C", "_", "b2");
    expect(listed(await listContent(emulator)).files).toEqual(["_", "a", "B", "b2", "C"]);
    await putFiles(emulator, "A", "c");
    expect(listed(await listContent(emulator)).files).toEqual(["_", "A", "B", "b2", "c"]);
  });

  it("counts every file below a folder at any depth, including mark files", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/_.dir", "App/Code/_.dir", "App/Code/x", "App/Code/Deep/_.dir");
    expect(listed(await listContent(emulator)).folders).toEqual(["App 4"]);
  });

  it("has a 16-bit file count", () => {
    const version = { dataLoss: 1n, configuration: 1n, number: 1 };
    const files = Array.from({ length: 65_537 }, (_, index) => {
      const path = `App\\${String(index).padStart(6, "0")}`;
      return { path, key: path.toLowerCase(), diskPath: path, version, size: 0, modifiedAt: 0, stable: true };
    });
    const request = { folder: undefined, platform: "windows", apiVersion: 6.2, token: "" } as const;
    const { StoreFolders } = listFolder({ ...request, files, limitBytes: Number.MAX_SAFE_INTEGER });
    expect(StoreFolders).toEqual([{ StoreRelativePath: "App", FileCount: "1" }]);
  });

  it("lists a folder once per spelling: A\\x and a\\y are two", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "A/x", "a/y", "A/z");
    expect(listed(await listContent(emulator)).folders).toEqual(["A 1", "a 1", "A 1"]);
  });

  it("is JSON without white space, with string numbers, escaped separators and the cluster's property order", async () => {
    const emulator = await emulatorForTest({ clock });
    await putFile(emulator, "App/Code/a.txt", "12345");
    const dataLoss = (BigInt(timeForTest) + 11_644_473_600_000n) * 10_000n;
    const fileVersion = `"FileVersion":{"EpochDataLossNumber":"${dataLoss}","VersionNumber":"1","EpochConfigurationNumber":"4294967296"}`;
    const answer = await listContent(emulator, "App/Code");
    expect(answer.text).toBe(
      `{"StoreFiles":[{"StoreRelativePath":"App\\\\Code\\\\a.txt",${fileVersion},"FileSize":"5","ModifiedDate":"2026-03-02T08:15:30.125Z"}],"StoreFolders":[],"ContinuationToken":""}`,
    );
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect((await listContent(emulator, "App")).text).toContain(
      '"StoreFolders":[{"StoreRelativePath":"App\\\\Code","FileCount":"1"}]',
    );
  });

  it("§1.1 has ticks for dates before api-version 3.0", async () => {
    const emulator = await emulatorForTest({ clock });
    await putFiles(emulator, "a");
    expect((await listContent(emulator, "", "api-version=2.0")).text).toContain(
      `"ModifiedDate":"${(BigInt(timeForTest) + 11_644_473_600_000n) * 10_000n}"`,
    );
  });

  it("omits files that are being replaced: 204 if there are no others, because the mark file still exists", async () => {
    const store = await imageStoreForTest();
    const paths = ["App/a.txt", "App/_.dir"].map((path) => store.content.parsePath(path));
    const replaceAll = async () => {
      const staged = await Promise.all(paths.map(() => stage(store, "x")));
      return () => Promise.all(paths.map((path, index) => store.content.replace(path, staged[index] ?? "")));
    };
    await (await replaceAll())();
    const status = async () => (await listInProcess(store, "App")).status;
    expect(await status()).toBe(200);
    const again = await replaceAll();
    const replacing = again();
    expect(await status()).toBe(204);
    await replacing;
    expect(await status()).toBe(200);
  });

  it("does not show an upload before its commit", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/5", body: "01234" });
    expect((await listContent(emulator, "App")).status).toBe(404);
    await commit(emulator);
    expect(listed(await listContent(emulator, "App")).files).toEqual(["App\\a.txt"]);
  });
});

describe("§1.3 an empty listing", () => {
  it.each([
    ["6.2", undefined, undefined],
    ["6.0", "application/json; charset=utf-8", "nosniff"],
  ])("is 404 without a body for an absent path, in version %s", async (apiVersion, type, sniffing) => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "Apple");
    const answer = await listContent(emulator, "App", `api-version=${apiVersion}`);
    expect(answer).toMatchObject({ status: 404, text: "" });
    expect(answer.headers["content-type"]).toBe(type);
    expect(answer.headers["x-content-type-options"]).toBe(sniffing);
  });

  it.each([
    ["6.2", undefined],
    ["6.0", "application/json; charset=utf-8"],
  ])("is 204 without a body for a folder that has its mark, in version %s", async (apiVersion, type) => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/_.dir");
    // A token behind the last file leaves nothing to show.
    const query = `api-version=${apiVersion}&ContinuationToken=zzz`;
    const answer = await listContent(emulator, "App", query);
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers["content-type"]).toBe(type);
  });

  it("is 404 FABRIC_E_NAME_DOES_NOT_EXIST with JSON for the root", async () => {
    const emulator = await emulatorForTest();
    const code = "FABRIC_E_NAME_DOES_NOT_EXIST";
    expect(await listContent(emulator)).toMatchObject({ status: 404, code, reason: code });
  });

  it("is the result again after the last file is deleted, because folders disappear too", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/Code/a");
    await deleteContent(emulator, "App/Code/a");
    expect((await listContent(emulator, "App")).status).toBe(404);
    expect((await listContent(emulator)).status).toBe(404);
  });
});

describe("§1.3 paging", () => {
  const pageLimitBytes = 400;

  it("splits by estimated size, and the token is the escaped path of the first item that did not fit", async () => {
    const emulator = await emulatorForTest({ pageLimitBytes });
    await putFiles(emulator, ...["a", "b", "c", "d", "e", "f"].map((name) => `Big/${name}%201/x`));
    expect(listed(await listContent(emulator, "Big"))).toEqual({
      files: [],
      folders: ["a", "b", "c", "d", "e"].map((name) => `Big\\${name} 1 1`),
      token: "Big%5Cf%201",
    });
  });

  it("continues at the unchanged token of the previous page until the token is empty", async () => {
    const emulator = await emulatorForTest({ pageLimitBytes });
    const names = Array.from({ length: 23 }, (_, index) => `F ${String(index).padStart(2, "0")}+ä`);
    await putFiles(emulator, ...names.map((name) => `Big/${encodeURIComponent(name)}`));
    const seen: string[] = [];
    let token: string | undefined = "";
    let pages = 0;
    do {
      const query: string = `api-version=6.2${token === "" ? "" : `&ContinuationToken=${token}`}`;
      const page = listed(await listContent(emulator, "Big", query));
      seen.push(...page.files);
      token = page.token;
      pages += 1;
    } while (token !== "" && token !== undefined && pages < 50);
    expect(seen).toEqual(names.map((name) => `Big\\${name}`));
    expect(pages).toBeGreaterThan(5);
  });

  it.each(["Big%5CC", "big/c", "%20%5Cbig%5Cc%5C", "BIG%2FC"])(
    "starts at the first key not below the token, in any spelling (%s)",
    async (token) => {
      const emulator = await emulatorForTest();
      await putFiles(emulator, "Big/a", "Big/C", "Big/d");
      const page = listed(await listContent(emulator, "Big", `api-version=6.2&ContinuationToken=${token}`));
      expect(page.files).toEqual(["Big\\C", "Big\\d"]);
    },
  );

  it.each(["1.5", "4.0", "6.0", "6.2", "11.3"])("is supported in version %s", async (apiVersion) => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "a");
    expect(listed(await listContent(emulator, "", `api-version=${apiVersion}`)).token).toBe("");
  });

  it.each(["1.0", "2.0", "3.0"])(
    "is not supported in version %s: a listing that is too large gets 413",
    async (apiVersion) => {
      const emulator = await emulatorForTest({ pageLimitBytes });
      await putFiles(emulator, ..."1234".split(""));
      const query = `api-version=${apiVersion}&ContinuationToken=3`;
      expect(listed(await listContent(emulator, "", query))).toMatchObject({
        files: ["1", "2", "3", "4"],
        token: undefined,
      });
      await putFiles(emulator, ..."56789".split(""));
      expect(await listContent(emulator, "", query)).toMatchObject({
        status: 413,
        code: "FABRIC_E_VALUE_TOO_LARGE",
      });
    },
  );

  it("rejects a token of more than 4096 characters with 413", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "a");
    const query = (length: number) => `api-version=6.2&ContinuationToken=${"a".repeat(length)}`;
    expect((await listContent(emulator, "", query(4096))).status).toBe(204);
    expect(await listContent(emulator, "", query(4097))).toMatchObject({
      status: 413,
      reason: "FABRIC_E_VALUE_TOO_LARGE",
      code: "FABRIC_E_VALUE_TOO_LARGE",
    });
  });

  it("rejects a token that cannot be decoded", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "a");
    const query = "api-version=6.2&ContinuationToken=%zz";
    expect(await listContent(emulator, "", query)).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });
});

describe("folder sizes and the store's information (not in the published source)", () => {
  const sized = "api-version=6.5";

  it("are the sum of the sizes of all files below", async () => {
    const emulator = await emulatorForTest();
    await putFile(emulator, "App/a", "123");
    await putFile(emulator, "App/Code/b", "4567");
    await putFile(emulator, "c", "8");
    const size = (path: string) => send(emulator, "GET", `/ImageStore/${path}$/FolderSize?${sized}`);
    expect((await size("")).text).toBe('{"StoreRelativePath":"","FolderSize":"8"}');
    expect((await size("app/CODE/")).text).toBe('{"StoreRelativePath":"app\\\\CODE","FolderSize":"4"}');
    expect(await size("Nothing/")).toMatchObject({ status: 404, code: "FABRIC_E_DIRECTORY_NOT_FOUND" });
    expect(await size("App/a/")).toMatchObject({ status: 404, code: "FABRIC_E_DIRECTORY_NOT_FOUND" });
  });

  it("report the disk and its usage", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { range: "bytes 0-4/10", body: "01234" });
    await putFile(emulator, "App/a", "123");
    await copyContent(emulator, { RemoteSource: "App\\a", RemoteDestination: "Store\\a" });
    const info = JSON.parse((await send(emulator, "GET", `/ImageStore/$/Info?${sized}`)).text);
    expect(info).toMatchObject({
      UsedByMetadata: { FileCount: "1" },
      UsedByStaging: { UsedSpace: "5", FileCount: "1" },
      UsedByCopy: { UsedSpace: "0", FileCount: "0" },
      UsedByRegister: { UsedSpace: "3", FileCount: "1" },
    });
    expect(BigInt(info.DiskInfo.Capacity)).toBeGreaterThan(BigInt(info.DiskInfo.AvailableSpace));
  });

  it("are not supported by clusters before 6.5", async () => {
    const emulator = await emulatorForTest({ apiVersionMax: "6.4" });
    const answer = await send(emulator, "GET", "/ImageStore/$/Info?api-version=6.0");
    expect(answer).toMatchObject({ status: 400, code: "E_INVALIDARG" });
  });
});
