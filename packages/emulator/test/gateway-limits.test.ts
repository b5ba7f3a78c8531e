import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { operations } from "@sf-image-store/types";
import { describe, expect, it } from "vitest";
import { listFolder } from "../src/handlers/content-page.js";
import type { RequestLogEntry } from "../src/index.js";
import { defaultPageLimitBytes } from "../src/options.js";
import { FabricError } from "../src/wire/fabric-error.js";
import { parseQuery, readTimeoutMs } from "../src/wire/query.js";
import { allFiles, copyContent, putFile, putFiles } from "./content-exchange.js";
import { emulatorForTest, getSession, send, sendChunk, session1, version } from "./exchange.js";

describe("§1.1 every operation", () => {
  it.each(Object.entries(operations))("accepts api-version 1.0: %s", async (_, { method, path }) => {
    const emulator = await emulatorForTest();
    await putFiles(emulator, "App/_.dir");
    const url = path.replace("{contentPath}", "App");
    const body = method === "POST" ? '{"RemoteSource":"App","RemoteDestination":"b"}' : "";
    const ask = (apiVersion: string) =>
      send(emulator, method, `${url}?api-version=${apiVersion}&session-id=${session1}`, { body });
    const refused = await ask("0.9");
    expect(refused).toMatchObject({ status: 400, code: "E_INVALIDARG" });
    // The commit of an unknown session is refused in every version alike.
    if (!path.endsWith("CommitUploadSession")) expect((await ask("1.0")).status).not.toBe(400);
    expect((await ask("1.0")).status).toBe((await ask("11.3")).status);
  });
});

describe("§1.3 the default page", () => {
  it("contains 3 MiB of estimated entries", () => {
    const fileVersion = { dataLoss: 1n, configuration: 1n, number: 1 };
    const files = Array.from({ length: 60_000 }, (_, index) => {
      const path = String(index).padStart(8, "0");
      return { path, key: path, diskPath: path, version: fileVersion, size: 0, modifiedAt: 0, stable: true };
    });
    const request = { folder: undefined, platform: "windows", apiVersion: 6.2, token: "" } as const;
    const page = listFolder({ ...request, files, limitBytes: defaultPageLimitBytes });
    const entryBytes = 2 * 8 + 64;
    expect(page.StoreFiles).toHaveLength(Math.ceil((3 * 2 ** 20) / entryBytes) - 1);
    expect(page.ContinuationToken).toBe(String(page.StoreFiles.length).padStart(8, "0"));
  });
});

describe("§5.1 timeout", () => {
  it.each([
    ["", 60_000],
    ["timeout=5", 5_000],
    ["timeout=0", 0],
    ["timeout=-1", 60_000],
    ["timeout=1.5", 60_000],
    ["timeout=soon", 60_000],
    ["timeout=4294967296", 60_000],
    ["timeout=4294967295", 2 ** 31 - 1],
    ["Timeout=5", 60_000],
  ])("in %o is %d ms", (query, expected) => {
    expect(readTimeoutMs(parseQuery(query))).toBe(expected);
  });
});

describe("§5.1 bodies", () => {
  it("of a copy above 4 MiB are rejected with 413", async () => {
    const emulator = await emulatorForTest();
    const answer = await copyContent(emulator, " ".repeat(4 * 1024 * 1024 + 1));
    expect(answer).toMatchObject({ status: 413, code: "FABRIC_E_MESSAGE_TOO_LARGE" });
  });

  it("of a whole file can have no length", async () => {
    const emulator = await emulatorForTest();
    const headers = { "Transfer-Encoding": "chunked" };
    expect((await putFile(emulator, "a", "12345", { headers })).status).toBe(200);
    expect(await allFiles(emulator)).toEqual(["a"]);
  });

  it("of a whole file that are interrupted leave the old file unchanged", async () => {
    const entries: RequestLogEntry[] = [];
    const emulator = await emulatorForTest({ onRequest: (entry) => entries.push(entry) });
    const { hostname, port } = new URL(emulator.endpoint);
    const socket = connect(Number(port), hostname);
    socket.write(
      `PUT /ImageStore/a?${version} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nabc`,
    );
    const [run = ""] = await readdir(join(emulator.location, "staging"));
    const staged = () => readdir(join(emulator.location, "staging", run));
    await expect.poll(() => staged()).toHaveLength(1);
    socket.destroy();
    await expect.poll(() => entries).toMatchObject([{ code: "ConnectionBroken" }]);
    expect(await staged()).toEqual([]);
    expect(await allFiles(emulator)).toEqual([]);
  });
});

describe("§5.2 paths", () => {
  it.each(["%20App/a%20", "App//a/", "App%5Ca%5C", "App%5C%5Ca", "%20App%5Ca"])(
    "are normalized for files: %s",
    async (path) => {
      const emulator = await emulatorForTest();
      await putFiles(emulator, path);
      expect(await allFiles(emulator)).toEqual(["App\\a"]);
    },
  );

  it("§2.7 of sessions are not normalized, and have / escaped in the response", async () => {
    const emulator = await emulatorForTest();
    await sendChunk(emulator, { path: "App/Code%5Ca", range: "bytes 0-0/2", body: "x" });
    expect((await getSession(emulator)).text).toContain('"StoreRelativePath":"App\\/Code\\\\a"');
  });
});

describe("§4.2 codes and statuses", () => {
  it.each([
    ["E_INVALIDARG", 400, "Bad Request"],
    ["FABRIC_E_INVALID_UPLOAD_SESSION_ID", 400, undefined],
    ["FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE", 400, undefined],
    ["FABRIC_E_UPLOAD_SESSION_ID_CONFLICT", 409, undefined],
    ["FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR", 400, undefined],
    ["E_ACCESSDENIED", 403, "Access Denied"],
    ["FABRIC_E_SERVER_AUTHENTICATION_FAILED", 401, undefined],
    ["NotFound", 404, undefined],
    ["FABRIC_E_FILE_NOT_FOUND", 404, undefined],
    ["FABRIC_E_DIRECTORY_NOT_FOUND", 404, undefined],
    ["FABRIC_E_NAME_DOES_NOT_EXIST", 404, undefined],
    ["FABRIC_E_SERVICE_DOES_NOT_EXIST", 404, undefined],
    ["FABRIC_E_MESSAGE_TOO_LARGE", 413, undefined],
    ["FABRIC_E_VALUE_TOO_LARGE", 413, undefined],
    ["FABRIC_E_TIMEOUT", 504, undefined],
    ["E_ABORT", 503, undefined],
    ["E_NOTIMPL", 501, "Not Implemented"],
    ["OperationsPending", 500, undefined],
    ["FABRIC_E_IMAGESTORE_IOERROR", 500, undefined],
    ["E_FAIL", 500, undefined],
  ] as const)("%s is %d", (code, status, reason) => {
    expect(new FabricError(code)).toMatchObject({ code, status, reason: reason ?? code });
  });

  it.each([
    "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE",
    "FABRIC_E_UPLOAD_SESSION_ID_CONFLICT",
    "NotFound",
    "OperationsPending",
  ] as const)("§4.1 %s has no text of its own: Null", (code) => {
    expect(new FabricError(code).message).toBe("Null");
  });
});
