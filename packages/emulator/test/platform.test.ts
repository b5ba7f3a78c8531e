import { readFile } from "node:fs/promises";
import { scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { startEmulator } from "../src/index.js";
import {
  allFiles,
  copyContent,
  deleteContent,
  listContent,
  listed,
  putFile,
  putFiles,
} from "./content-exchange.js";
import { emulatorForTest, getSession, send, sendChunk, session1, version } from "./exchange.js";

const linux = { platform: "linux" } as const;

describe("--platform linux", () => {
  it.each([
    ["PUT", "/ImageStore/a/$/UploadChunk"],
    ["GET", "/ImageStore/$/GetUploadSession"],
    ["GET", "/ImageStore/a/$/GetUploadSession"],
    ["DELETE", "/ImageStore/$/DeleteUploadSession"],
    ["POST", "/ImageStore/$/CommitUploadSession"],
  ])("§1 rows 6 to 10: %s %s is 400 E_INVALIDARG", async (method, path) => {
    const emulator = await emulatorForTest(linux);
    const answer = await send(emulator, method, `${path}?${version}&session-id=${session1}`);
    expect(answer).toMatchObject({ status: 400, reason: "Bad Request", code: "E_INVALIDARG" });
  });

  it("§5.2 is case-sensitive for files and folders", async () => {
    const emulator = await emulatorForTest(linux);
    await putFile(emulator, "App/a", "1");
    await putFile(emulator, "app/a", "2");
    await putFile(emulator, "App/A", "3");
    expect(await allFiles(emulator)).toEqual(["App/A", "App/a", "app/a"]);
    expect(await readFile(emulator.contentPath("app/a"), "utf8")).toBe("2");
    expect((await listContent(emulator, "APP")).status).toBe(404);
    await deleteContent(emulator, "App");
    expect(await allFiles(emulator)).toEqual(["app/a"]);
  });

  it("§1.3 separates by / and sorts by the unchanged path", async () => {
    const emulator = await emulatorForTest(linux);
    await putFiles(emulator, "b", "A", "a", "B", "Dir/x");
    const answer = await listContent(emulator);
    expect(listed(answer)).toEqual({ files: ["A", "B", "a", "b"], folders: ["Dir 1"], token: "" });
    expect((await listContent(emulator, "Dir")).text).toContain('"StoreRelativePath":"Dir\\/x"');
  });

  it("§5.2 also accepts a backslash as a separator", async () => {
    const emulator = await emulatorForTest(linux);
    await putFiles(emulator, "Dir%5Cx");
    expect(await allFiles(emulator)).toEqual(["Dir/x"]);
  });

  it("§5.3 decodes once", async () => {
    const emulator = await emulatorForTest(linux);
    await putFiles(emulator, "%2541", "a%23b", "c%2Fd");
    expect(await allFiles(emulator)).toEqual(["%41", "a#b", "c/d"]);
  });

  it("§1 row 5: ignores Content-Range", async () => {
    const emulator = await emulatorForTest(linux);
    const headers = { "Content-Range": "nonsense" };
    expect((await putFile(emulator, "a", "x", { headers })).status).toBe(200);
  });

  it("§1.5 copies with / between the names", async () => {
    const emulator = await emulatorForTest(linux);
    await putFiles(emulator, "My/App/_.dir", "My/App/Code/a");
    const RemoteDestination = "Backup/App";
    expect((await copyContent(emulator, { RemoteSource: "My\\App", RemoteDestination })).status).toBe(404);
    expect((await copyContent(emulator, { RemoteSource: "My/App", RemoteDestination })).status).toBe(200);
    expect((await copyContent(emulator, { RemoteSource: "my/app", RemoteDestination })).status).toBe(404);
    expect(await allFiles(emulator)).toEqual(
      ["Backup/App/Code/a", "Backup/App/_.dir", "My/App/Code/a", "My/App/_.dir"].sort(),
    );
  });

  it("reads the files of an earlier Windows run", async () => {
    const location = scratchFolder();
    const windows = await startEmulator({ location });
    await putFiles(windows, "App/Code/a");
    await windows.close();
    const emulator = await emulatorForTest({ ...linux, location });
    expect(await allFiles(emulator)).toEqual(["App/Code/a"]);
  });
});

describe("--platform windows", () => {
  it("§5.3 decodes twice", async () => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "%2541", "c%2Fd");
    expect(await allFiles(emulator)).toEqual(["A", "c\\d"]);
  });
});

describe("--api-version-max", () => {
  it("§1.1 rejects a newer api-version with 400 E_INVALIDARG", async () => {
    const emulator = await emulatorForTest({ apiVersionMax: "6.0" });
    await putFiles(emulator, "a");
    expect((await listContent(emulator, "", "api-version=6.0")).status).toBe(200);
    expect(await listContent(emulator, "", "api-version=6.2")).toMatchObject({
      status: 400,
      code: "E_INVALIDARG",
    });
  });

  it.each(["", "x", "6.", "0.9", "6.4.1"])("must be a version (%o)", async (apiVersionMax) => {
    await expect(startEmulator({ apiVersionMax })).rejects.toThrow(RangeError);
  });
});

describe("§1.6 ClusterId", () => {
  const id = "AbCd-1";
  it.each([
    ["abcd-1", 204, undefined],
    ["other", 403, "E_ACCESSDENIED"],
  ])("%s is answered with %s", async (ClusterId, status, code) => {
    const emulator = await emulatorForTest({ clusterId: id });
    const url = `/ImageStore/$/GetUploadSession?${version}&session-id=${session1}`;
    expect(await send(emulator, "GET", url, { headers: { ClusterId } })).toMatchObject({ status, code });
    expect((await getSession(emulator)).status).toBe(204);
  });

  it("has the reason phrase of a generic code", async () => {
    const emulator = await emulatorForTest({ clusterId: id });
    const url = `/ImageStore/a/$/UploadChunk?${version}&session-id=${session1}`;
    expect((await send(emulator, "PUT", url, { headers: { ClusterId: "x" } })).reason).toBe("Access Denied");
    expect((await sendChunk(emulator, { range: "bytes 0-0/1", body: "x" })).status).toBe(200);
  });
});
