import { createImageStoreClient, type ImageStoreClient, isFabricError } from "@sf-image-store/client";
import type { OperationId } from "@sf-image-store/types";
import { checkExchange } from "openapi-contract";
import { describe, expect, it } from "vitest";
import { examples } from "../src/generated/examples.js";
import { exchangeOf, ownContract } from "./contract.js";

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
    : { continuationToken: text(values["ContinuationToken"]) }),
});

function chunk(values: Values) {
  const [, start, , size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text(values["Content-Range"])) ?? [];
  return { startPosition: Number(start), fileSize: Number(size), chunk: bytes(values["chunk"]) };
}

function copy({ ImageStoreCopyDescription: description, timeout }: Values) {
  const { RemoteSource, RemoteDestination, SkipFiles, CopyFlag, CheckMarkFile } = JSON.parse(
    JSON.stringify(description),
  );
  return {
    source: RemoteSource,
    destination: RemoteDestination,
    skipFiles: SkipFiles,
    copyFlag: CopyFlag,
    checkMarkFile: CheckMarkFile,
    ...folder({ timeout }),
  };
}

/** The client call for each example. A missing operation does not compile. */
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
  GetClusterManifest: (client, values) => client.getClusterManifest(folder(values)),
  GetClusterVersion: (client, values) => client.getClusterVersion(folder(values)),
  GetAadMetadata: (client, values) => client.getAadMetadata(folder(values)),
};

const cases = Object.values(examples).flatMap((group) =>
  Object.entries(group).map(
    ([title, example]): [OperationId, string, { parameters: Values; responses: object }] => [
      example.operationId,
      title,
      example,
    ],
  ),
);

/** The response of an example. */
type Shown = { readonly body?: { readonly Error?: { readonly Code: string } } };

const codeOf = (shown: Shown | undefined) => shown?.body?.Error?.Code;
/** The response of an empty store, which the client reports as an empty listing. */
const noRoot = "FABRIC_E_NAME_DOES_NOT_EXIST";

describe("the client sends the request of every example and decodes its response", () => {
  it.each(cases)("%s: %s", async (operationId, _, { parameters, responses }) => {
    const [[status = "", response] = []] = Object.entries<Shown>({ ...responses });
    const { exchanges, outcome } = await exchangeOf(Number(status), response?.body, (options) => {
      const client = createImageStoreClient(options);
      return calls[operationId](client, parameters);
    });
    expect(exchanges.flatMap((exchange) => checkExchange(contract, exchange))).toEqual([]);
    expect(exchanges).toHaveLength(1);
    const sent = exchanges[0]?.request;
    for (const [name, value] of Object.entries(parameters)) {
      if (name !== "contentPath" && typeof value !== "object" && sent?.headers.get(name) !== value) {
        const query = new URL(sent?.url ?? "").searchParams;
        // The client returns a token unchanged, so the URL contains it escaped once.
        const inQuery =
          name === "ContinuationToken" ? encodeURIComponent(query.get(name) ?? "") : query.get(name);
        const inBody = new TextDecoder().decode(sent?.body instanceof Uint8Array ? sent.body : undefined);
        expect([inQuery, inBody]).toContain(String(value));
      }
    }
    const isEmptyRoot = operationId === "GetImageStoreRootContent" && codeOf(response) === noRoot;
    expect(isFabricError(outcome)).toBe(Number(status) >= 400 && !isEmptyRoot);
    if (isFabricError(outcome)) expect(outcome).toMatchObject({ status: Number(status), operationId });
    else expect(outcome instanceof Error ? outcome.message : undefined).toBeUndefined();
  });
});

/** What a caller of an operation must be able to tell apart (protocol §1 to §4): status, and code if there is one. */
const outcomes: Readonly<Record<OperationId, readonly string[]>> = {
  GetImageStoreRootContent: [
    "200",
    "401 FABRIC_E_SERVER_AUTHENTICATION_FAILED",
    "403 E_ACCESSDENIED",
    "404 FABRIC_E_NAME_DOES_NOT_EXIST",
    "404 FABRIC_E_SERVICE_DOES_NOT_EXIST",
  ],
  GetImageStoreContent: ["200", "204", "403 E_ACCESSDENIED", "404"],
  UploadFile: [
    "200",
    "404 FABRIC_E_SERVICE_DOES_NOT_EXIST",
    "500 FABRIC_E_IMAGESTORE_IOERROR",
    "502 FABRIC_E_GATEWAY_NOT_REACHABLE",
    "504 FABRIC_E_TIMEOUT",
  ],
  DeleteImageStoreContent: [
    "200",
    "400 FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR",
    "504 FABRIC_E_TIMEOUT",
  ],
  CopyImageStoreContent: ["200", "404 FABRIC_E_FILE_NOT_FOUND"],
  UploadFileChunk: [
    "200",
    "400 E_INVALIDARG",
    "400 FABRIC_E_INVALID_UPLOAD_SESSION_ID",
    "400 FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE",
    "409 FABRIC_E_UPLOAD_SESSION_ID_CONFLICT",
    "500 StagingFileNotFound",
    "503 E_ABORT",
    "504 FABRIC_E_TIMEOUT",
  ],
  GetImageStoreUploadSessionById: [
    "200",
    "204",
    "400 E_INVALIDARG",
    "400 FABRIC_E_INVALID_UPLOAD_SESSION_ID",
  ],
  GetImageStoreUploadSessionByPath: ["200", "204", "400 E_INVALIDARG"],
  CommitImageStoreUploadSession: [
    "200",
    "400 E_INVALIDARG",
    "404 NotFound",
    "500 OperationsPending",
    "503 E_ABORT",
  ],
  DeleteImageStoreUploadSession: ["200", "400 E_INVALIDARG", "404 NotFound"],
  GetImageStoreRootFolderSize: ["200", "400 E_INVALIDARG"],
  GetImageStoreFolderSize: ["200", "400 E_INVALIDARG"],
  GetImageStoreInfo: ["200", "400 E_INVALIDARG"],
  GetClusterManifest: [
    "200",
    "401 FABRIC_E_SERVER_AUTHENTICATION_FAILED",
    "403 E_ACCESSDENIED",
    "504 FABRIC_E_TIMEOUT",
  ],
  GetClusterVersion: ["200", "400 E_INVALIDARG"],
  GetAadMetadata: ["200", "400 E_INVALIDARG"],
};

describe("the examples", () => {
  it.each(Object.entries(outcomes))("of %s show every outcome", (operationId, expected) => {
    const shown = cases
      .filter(([id]) => id === operationId)
      .flatMap(([, , { responses }]) =>
        Object.entries<Shown>({ ...responses }).map(([status, response]) =>
          [status, codeOf(response)].join(" ").trim(),
        ),
      );
    expect([...new Set(shown)].sort()).toEqual(expected);
  });
});
