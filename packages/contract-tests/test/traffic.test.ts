import { createImageStoreClient, type ImageStoreClient } from "@sf-image-store/client";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { type OperationId, operations } from "@sf-image-store/types";
import { checkExchange, type Exchange, recordingFetch } from "openapi-contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { example, ownContract } from "./contract.js";

const contract = await ownContract();
const exchanges: Exchange[] = [];
const record = recordingFetch(fetch, (exchange) => exchanges.push(exchange));
let emulator: Emulator;
let client: ImageStoreClient;

beforeAll(async () => {
  emulator = await startEmulator();
  client = createImageStoreClient({ endpoint: emulator.endpoint, fetch: record });
});
afterAll(() => emulator.close());
beforeEach(() => {
  exchanges.length = 0;
});

/** All requests and responses since the test began, checked against the contract. */
function violations() {
  return exchanges.flatMap((exchange) => checkExchange(contract, exchange));
}

function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return record(new Request(`${emulator.endpoint}/ImageStore/${path}`, { method, ...init }));
}

const fileSize = 2097152;

describe("the client's requests and the emulator's answers keep the contract", () => {
  it("through a whole upload: chunks, state by id and by path, commit, delete", async () => {
    const sessionId = crypto.randomUUID();
    const storePath = "Swagger Test/Common+1.dll";
    const chunk = new Uint8Array(fileSize / 2);
    await client.uploadFileChunk({
      storePath,
      sessionId,
      startPosition: 0,
      fileSize,
      chunk,
      timeoutSeconds: 300,
    });
    await client.getUploadSession({ sessionId });
    await client.getUploadSessionsByPath({ storePath });
    await client.uploadFileChunk({
      storePath,
      sessionId,
      startPosition: fileSize / 2,
      fileSize,
      chunk: new Blob([chunk]),
    });
    await client.getUploadSession({ sessionId });
    await client.commitUploadSession({ sessionId });
    await client.deleteUploadSession({ sessionId });
    await client.getUploadSession({ sessionId });
    await client.getUploadSessionsByPath({ storePath });
    expect(exchanges).toHaveLength(9);
    expect(violations()).toEqual([]);
    expect(new Set(exchanges.map(({ request }) => request.method))).toEqual(
      new Set(["PUT", "GET", "POST", "DELETE"]),
    );
  });

  it("if the server rejects a request", async () => {
    const sessionId = crypto.randomUUID();
    const upload = { sessionId, startPosition: 0, fileSize: 10, chunk: new Uint8Array(5) };
    await client.uploadFileChunk({ ...upload, storePath: "App/a" });
    const refused = [
      client.uploadFileChunk({ ...upload, storePath: "App/a" }),
      client.uploadFileChunk({ ...upload, storePath: "App/b" }),
      client.uploadFileChunk({ ...upload, storePath: "App/a", startPosition: 5, fileSize: 11 }),
      client.commitUploadSession({ sessionId }),
      client.commitUploadSession({ sessionId: crypto.randomUUID() }),
      client.deleteUploadSession({ sessionId: crypto.randomUUID() }),
      client.getUploadSession({ sessionId: "00000000-0000-0000-0000-000000000000" }),
    ];
    const ends = await Promise.allSettled(refused);
    expect(ends.map(({ status }) => status)).toEqual(refused.map(() => "rejected"));
    expect(violations()).toEqual([]);
  });
});

describe("every operation follows the contract between the client and the emulator", () => {
  /** What the client says of each operation, in an order in which each finds what it needs. */
  const uses: Record<OperationId, () => Promise<unknown>> = {
    UploadFile: () => client.putFile({ storePath: "Whole App/a+b.txt", content: new Uint8Array(5) }),
    GetImageStoreContent: () => collect(client.listContent({ storePath: "Whole App" })),
    GetImageStoreRootContent: () => collect(client.listContent()),
    GetImageStoreFolderSize: () => client.getFolderSize({ storePath: "Whole App" }),
    GetImageStoreRootFolderSize: () => client.getFolderSize(),
    GetImageStoreInfo: () => client.getImageStoreInfo(),
    GetClusterManifest: () => client.getClusterManifest(),
    GetClusterVersion: () => client.getClusterVersion(),
    GetAadMetadata: () => client.getAadMetadata(),
    CopyImageStoreContent: async () => {
      await client.putFile({ storePath: "Whole App/_.dir", content: new Uint8Array() });
      await client.copyContent({ source: "Whole App", destination: "Copied/App", skipFiles: ["none"] });
    },
    DeleteImageStoreContent: () => client.deleteContent({ storePath: "Copied" }),
    UploadFileChunk: () =>
      client.uploadFileChunk({ ...chunked, startPosition: 0, chunk: new Uint8Array(10) }),
    GetImageStoreUploadSessionById: () => client.getUploadSession(chunked),
    GetImageStoreUploadSessionByPath: () => client.getUploadSessionsByPath(chunked),
    CommitImageStoreUploadSession: () => client.commitUploadSession(chunked),
    DeleteImageStoreUploadSession: () => client.deleteUploadSession(chunked),
  };
  const chunked = { storePath: "App/chunked", sessionId: crypto.randomUUID(), fileSize: 10 };

  async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
    const found: T[] = [];
    for await (const item of items) found.push(item);
    return found;
  }

  it.each(Object.entries(uses))("%s", async (operationId, use) => {
    await use();
    const [, operation] = Object.entries(operations).find(([id]) => id === operationId) ?? [];
    const { method = "", path = "" } = operation ?? {};
    const last = exchanges.at(-1);
    expect(last?.request.method).toBe(method);
    expect(new URL(last?.request.url ?? "").pathname).toMatch(
      new RegExp(`^${path.replaceAll("$", "\\$").replace("{contentPath}", ".+")}$`),
    );
    expect(last?.response.status).toBe(200);
    expect(violations()).toEqual([]);
  });

  it("includes all operations", () => {
    expect(Object.keys(uses).sort()).toEqual(Object.keys(operations).sort());
  });

  it("also page by page", async () => {
    await using small = await startEmulator({ pageLimitBytes: 200 });
    const paging = createImageStoreClient({ endpoint: small.endpoint, fetch: record });
    const names = ["a 1", "c+ä", "d", "e"];
    for (const name of names) await paging.putFile({ storePath: `Big/${name}`, content: new Uint8Array(1) });
    const entries = await collect(paging.listContent({ storePath: "Big" }));
    expect(entries).toHaveLength(names.length);
    const pages = exchanges.filter(({ request }) => request.url.includes("ContinuationToken"));
    expect(pages.length).toBeGreaterThan(0);
    expect(violations()).toEqual([]);
  });

  it("when the cluster has Entra ID, and no image store service", async () => {
    const entra = { tenant: "t", cluster: "c", client: "k" };
    await using folder = await startEmulator({ entra, imageStoreConnectionString: "file:/packages" });
    const asking = createImageStoreClient({ endpoint: folder.endpoint, fetch: record });
    expect(await asking.getAadMetadata()).toMatchObject({ type: "aad", tenant: "t", scope: "c/.default" });
    expect(await asking.getClusterManifest()).toContain(
      '"ImageStoreConnectionString" Value="file:/packages"',
    );
    const refusal = { status: 404, code: "FABRIC_E_SERVICE_DOES_NOT_EXIST" };
    await expect(collect(asking.listContent())).rejects.toMatchObject(refusal);
    await expect(asking.putFile({ storePath: "a", content: new Uint8Array() })).rejects.toMatchObject(
      refusal,
    );
    expect(violations()).toEqual([]);
  });

  it("also if the store is empty, and if the server rejects a request", async () => {
    await using empty = await startEmulator();
    const lost = createImageStoreClient({ endpoint: empty.endpoint, fetch: record });
    expect(await collect(lost.listContent())).toEqual([]);
    await expect(collect(lost.listContent({ storePath: "No/Such" }))).rejects.toMatchObject({ status: 404 });
    await expect(lost.deleteContent({ storePath: "Store" })).rejects.toMatchObject({
      code: "FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR",
    });
    await expect(lost.copyContent({ source: "No", destination: "Yes" })).rejects.toMatchObject({
      code: "FABRIC_E_FILE_NOT_FOUND",
    });
    await expect(lost.getFolderSize({ storePath: "No" })).rejects.toMatchObject({ status: 404 });
    expect(violations()).toEqual([]);
  });
});

describe("the emulator's responses match the examples", () => {
  it("the page's session, when those bytes are missing", async () => {
    const { parameters, responses } = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionById")));
    const [expected] = responses[200].body.UploadSessions;
    const query = `api-version=${parameters["api-version"]}&session-id=${parameters["session-id"]}`;
    const received = { start: 402129, end: 730104 };
    await send("PUT", `SwaggerTest%5CCommon.dll/$/UploadChunk?${query}`, {
      headers: {
        "Content-Range": `bytes ${received.start}-${received.end}/${expected.FileSize}`,
        "Content-Type": "application/octet-stream",
      },
      body: new Uint8Array(received.end - received.start + 1),
    });
    const answer = await send("GET", `$/GetUploadSession?${query}`);
    expect(await answer.json()).toEqual({
      UploadSessions: [{ ...expected, ModifiedDate: expect.any(String) }],
    });
    expect(violations()).toEqual([]);
  });

  it.each([
    "GetImageStoreUploadSessionById.unknown-session",
    "GetImageStoreUploadSessionById.invalid-session-id",
  ])("%s", async (name) => {
    const { parameters, responses } = JSON.parse(JSON.stringify(example(name)));
    const [status = "", response] =
      Object.entries<{ body?: { Error: { Code: string } } }>(responses)[0] ?? [];
    const query = `api-version=${parameters["api-version"]}&session-id=${parameters["session-id"]}`;
    const answer = await send("GET", `$/GetUploadSession?${query}`);
    expect(String(answer.status)).toBe(status);
    const text = await answer.text();
    expect(text === "" ? undefined : JSON.parse(text).Error.Code).toBe(response?.body?.Error.Code);
    expect(violations()).toEqual([]);
  });
});

describe("traffic that breaks the contract is reported", () => {
  const url =
    "http://h/ImageStore/$/GetUploadSession?api-version=6.0&session-id=4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
  const exchange = (
    request: Partial<Exchange["request"]>,
    response: Partial<Exchange["response"]>,
  ): Exchange => ({
    request: { method: "GET", url, headers: new Headers(), body: undefined, ...request },
    response: { status: 204, headers: new Headers(), body: "", ...response },
  });

  it.each<[string, Exchange, string, string]>([
    [
      "a URL of no operation",
      exchange({ url: "http://h/Applications" }, {}),
      "#/operationId",
      "OPERATION_UNKNOWN",
    ],
    ["a method of no operation", exchange({ method: "PATCH" }, {}), "#/operationId", "OPERATION_UNKNOWN"],
    [
      "an unknown query parameter",
      exchange({ url: `${url}&path=a` }, {}),
      "#/parameters/path",
      "PARAMETER_UNKNOWN",
    ],
    [
      "a time-out that is no number",
      exchange({ url: `${url}&timeout=1s` }, {}),
      "#/parameters/timeout",
      "TYPE_INVALID",
    ],
    [
      "a body where none belongs",
      exchange({ body: new Uint8Array(1) }, {}),
      "#/parameters/(body)",
      "REQUEST_BODY_UNEXPECTED",
    ],
    [
      "an answer that is not JSON",
      exchange({}, { status: 200, body: "<html>" }),
      "#/responses/200/body",
      "TYPE_INVALID",
    ],
    [
      "an answer of another type",
      exchange({}, { status: 400, body: "{}" }),
      "#/responses/400/headers/content-type",
      "CONTENT_TYPE_INVALID",
    ],
    ["an undocumented status", exchange({}, { status: 201 }), "#/responses/201", "STATUS_NOT_DOCUMENTED"],
  ])("%s", (_, broken, pointer, code) => {
    expect(checkExchange(contract, exchange({}, {}))).toEqual([]);
    expect(checkExchange(contract, broken)).toContainEqual(expect.objectContaining({ code, pointer }));
  });
});
