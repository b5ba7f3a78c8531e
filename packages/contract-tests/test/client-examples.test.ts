import { createServer } from "node:http";
import { createImageStoreClient, type ImageStoreClient, isFabricError } from "@sf-image-store/client";
import type { OperationId } from "@sf-image-store/types";
import { describe, expect, it } from "vitest";
import { examples } from "../src/generated/examples.js";
import { checkExchange, type Exchange, recordingFetch } from "../src/index.js";
import { ownContract } from "./contract.js";

const contract = await ownContract();

type Values = Readonly<Record<string, unknown>>;
type Call = (client: ImageStoreClient, parameters: Values) => Promise<unknown>;

const text = (value: unknown) => String(value);
const bytes = (value: unknown) => new TextEncoder().encode(text(value));
const folder = ({ contentPath, timeout }: Values) => ({
  ...(contentPath === undefined ? {} : { storePath: text(contentPath) }),
  ...(timeout === undefined ? {} : { timeoutSeconds: Number(timeout) }),
});
const path = (values: Values) => ({ ...folder(values), storePath: text(values["contentPath"]) });
const session = (values: Values) => ({ ...folder(values), sessionId: text(values["session-id"]) });
const page = (values: Values) => ({
  ...folder(values),
  ...(values["ContinuationToken"] === undefined
    ? {}
    : { continuationToken: encodeURIComponent(text(values["ContinuationToken"])) }),
});

function chunk(values: Values) {
  const [, start, , size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text(values["Content-Range"])) ?? [];
  return { startPosition: Number(start), fileSize: Number(size), chunk: bytes(values["chunk"]) };
}

function copy({ ImageStoreCopyDescription: description }: Values) {
  const { RemoteSource, RemoteDestination, SkipFiles, CopyFlag, CheckMarkFile } = JSON.parse(
    JSON.stringify(description),
  );
  return {
    source: RemoteSource,
    destination: RemoteDestination,
    skipFiles: SkipFiles,
    copyFlag: CopyFlag,
    checkMarkFile: CheckMarkFile,
  };
}

/** How the client does what an example describes. An operation that is missing here does not compile. */
const calls: Readonly<Record<OperationId, Call>> = {
  GetImageStoreRootContent: (client, values) => client.getContentPage(page(values)),
  GetImageStoreContent: (client, values) => client.getContentPage(page(values)),
  UploadFile: (client, values) => client.putFile({ ...path(values), content: bytes(values["content"]) }),
  DeleteImageStoreContent: (client, values) => client.deleteContent(path(values)),
  CopyImageStoreContent: (client, values) => client.copyContent(copy(values)),
  UploadFileChunk: (client, values) =>
    client.uploadFileChunk({ ...path(values), ...session(values), ...chunk(values) }),
  GetImageStoreUploadSessionById: (client, values) => client.getUploadSession(session(values)),
  GetImageStoreUploadSessionByPath: (client, values) => client.getUploadSessionsByPath(path(values)),
  CommitImageStoreUploadSession: (client, values) => client.commitUploadSession(session(values)),
  DeleteImageStoreUploadSession: (client, values) => client.deleteUploadSession(session(values)),
  GetImageStoreRootFolderSize: (client, values) => client.getFolderSize(folder(values)),
  GetImageStoreFolderSize: (client, values) => client.getFolderSize(path(values)),
  GetImageStoreInfo: (client, values) => client.getImageStoreInfo(folder(values)),
};

/** Lets the client make a call against a real server that gives one answer; returns what went over the wire. */
async function exchangeOf(
  status: number,
  body: unknown,
  call: (client: ImageStoreClient) => Promise<unknown>,
) {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const exchanges: Exchange[] = [];
  try {
    const fetchAndRecord = recordingFetch(fetch, (exchange) => exchanges.push(exchange));
    const client = createImageStoreClient({ endpoint, fetch: fetchAndRecord });
    const outcome = await call(client).catch((error: unknown) => error);
    return { exchanges, outcome };
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

const cases = Object.values(examples).flatMap((group) =>
  Object.entries(group).map(
    ([title, example]): [OperationId, string, { parameters: Values; responses: object }] => [
      example.operationId,
      title,
      example,
    ],
  ),
);

describe("the client sends the request of every example and understands its answer", () => {
  it.each(cases)("%s: %s", async (operationId, _, { parameters, responses }) => {
    const [[status = "", response] = []] = Object.entries<{ body?: unknown }>({ ...responses });
    const { exchanges, outcome } = await exchangeOf(Number(status), response?.body, (client) =>
      calls[operationId](client, parameters),
    );
    expect(exchanges.flatMap((exchange) => checkExchange(contract, exchange))).toEqual([]);
    expect(exchanges).toHaveLength(1);
    const sent = exchanges[0]?.request;
    for (const [name, value] of Object.entries(parameters)) {
      if (name !== "contentPath" && typeof value !== "object" && sent?.headers.get(name) !== value) {
        const inQuery = new URL(sent?.url ?? "").searchParams.get(name);
        const inBody = new TextDecoder().decode(sent?.body);
        expect([inQuery, inBody]).toContain(String(value));
      }
    }
    const isEmptyRoot = operationId === "GetImageStoreRootContent" && status === "404";
    expect(isFabricError(outcome)).toBe(Number(status) >= 400 && !isEmptyRoot);
    if (isFabricError(outcome)) expect(outcome).toMatchObject({ status: Number(status), operationId });
    else expect(outcome instanceof Error ? outcome.message : undefined).toBeUndefined();
  });
});

describe("the examples", () => {
  it("show every operation with a success and with an error or nothing", () => {
    expect(Object.keys(examples).sort()).toEqual(Object.keys(calls).sort());
    for (const [operationId, group] of Object.entries(examples)) {
      const statuses = Object.values(group).flatMap(({ responses }) => Object.keys(responses));
      expect([operationId, statuses.includes("200"), statuses.some((status) => status !== "200")]).toEqual([
        operationId,
        true,
        true,
      ]);
    }
  });
});
