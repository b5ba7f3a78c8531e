import { type Operation, type OperationId, operations, type Schemas } from "@sf-image-store/types";
import { InvalidInputError, isFabricError, type RequestContext } from "../errors/errors.js";
import { checkedText } from "../http/answers.js";
import {
  type ContentSent,
  type OnSent,
  operationOptionNames,
  operationQuery,
  requestOptions,
  type StorePathOptions,
  sentOption,
  storePathOptionNames,
} from "../http/options.js";
import { limitsOf, randomRequestId, requestIdHeader } from "../http/request.js";
import type { Retry } from "../http/retry.js";
import type { ByteExchange, Transport } from "../http/transport.js";
import { type Answer, decodeAnswerIfAny, expectNoContent, linkToRequest } from "../wire/answer.js";
import {
  type ByteStream,
  type Bytes,
  byteLength,
  contentRange,
  isByteStream,
  requestBody,
} from "../wire/bytes.js";
import { type SendableInit, serializeQuery } from "../wire/request.js";
import { type GatewayPlatform, requireStorePath } from "../wire/store-path.js";
import {
  type OptionNames,
  type ParameterGroups,
  requireOptions,
  requireSignal,
  validateParameters,
} from "../wire/validation.js";
import type { CopyContentOptions, CopyFlag, PutFileOptions } from "./content.js";
import {
  decodeOnlySession,
  decodeUploadSessions,
  type SessionOptions,
  type UploadFileChunkOptions,
  type UploadSession,
} from "./upload-session.js";

/*
 * Requests that write content or use upload sessions. The first such request loads this module, so that pages that only read
 * do not load it.
 */

export const putFileOptionNames: OptionNames<PutFileOptions> = {
  ...storePathOptionNames,
  ...{ content: true, onSent: true },
};

const sessionOptionNames: OptionNames<SessionOptions> = { ...operationOptionNames, sessionId: true };

const chunkOptionNames: OptionNames<UploadFileChunkOptions> = {
  ...{ ...sessionOptionNames, ...storePathOptionNames },
  ...{ startPosition: true, fileSize: true, chunk: true, onSent: true },
};

const copyFlags: readonly CopyFlag[] = ["Echo", "Overwrite"];

export const copyOptionNames: OptionNames<CopyContentOptions> = {
  ...operationOptionNames,
  ...{ source: true, destination: true, skipFiles: true, copyFlag: true, checkMarkFile: true },
};

export async function putFile(http: Transport, options: PutFileOptions): Promise<void> {
  requireOptions("putFile", options, putFileOptionNames);
  byteLength("content", options.content);
  await putContent(http, options);
}

/** Writes a whole file in one request. */
export async function putContent(
  http: Transport,
  options: StorePathOptions & ContentSent & { readonly content: Bytes | ByteStream },
): Promise<void> {
  const params = {
    path: { contentPath: options.storePath },
    query: operationQuery(operations.UploadFile, options),
  };
  expectNoContent(
    await putBytes(http.exchange, "UploadFile", {
      ...{ params, bytes: options.content },
      ...requestOptions(options),
      ...sentOption(options),
    }),
  );
}

export async function copyContent(
  http: Transport,
  platform: GatewayPlatform | undefined,
  options: CopyContentOptions,
): Promise<void> {
  requireOptions("copyContent", options, copyOptionNames);
  const operation = operations.CopyImageStoreContent;
  const params = { query: operationQuery(operation, options) };
  const body = copyDescription(options, platform);
  expectNoContent(await http.POST(operation.path, { params, body, ...requestOptions(options) }));
}

export async function getUploadSession(
  http: Transport,
  retry: Retry,
  options: SessionOptions,
): Promise<UploadSession | undefined> {
  requireOptions("getUploadSession", options, chunkOptionNames);
  const operation = operations.GetImageStoreUploadSessionById;
  const params = { query: { ...operationQuery(operation, options), ...sessionQuery(options) } };
  const answer = await retry(options, () => http.GET(operation.path, { params, ...requestOptions(options) }));
  return decodeAnswerIfAny(answer, (data) => decodeOnlySession(data, options.sessionId));
}

export async function getUploadSessionsByPath(
  http: Transport,
  retry: Retry,
  options: StorePathOptions,
): Promise<UploadSession[]> {
  requireOptions("getUploadSessionsByPath", options, chunkOptionNames);
  const operation = operations.GetImageStoreUploadSessionByPath;
  const params = { path: { contentPath: options.storePath }, query: operationQuery(operation, options) };
  const answer = await retry(options, () => http.GET(operation.path, { params, ...requestOptions(options) }));
  return decodeAnswerIfAny(answer, decodeUploadSessions) ?? [];
}

export async function uploadFileChunk(http: Transport, options: UploadFileChunkOptions): Promise<void> {
  requireOptions("uploadFileChunk", options, chunkOptionNames);
  const { storePath, startPosition, fileSize, chunk } = options;
  const params = {
    path: { contentPath: storePath },
    query: { ...operationQuery(operations.UploadFileChunk, options), ...sessionQuery(options) },
    header: { "Content-Range": contentRange(startPosition, byteLength("chunk", chunk), fileSize) },
  };
  expectNoContent(
    await putBytes(http.exchange, "UploadFileChunk", {
      ...{ params, bytes: chunk },
      ...requestOptions(options),
      ...sentOption(options),
    }),
  );
}

export async function commitUploadSession(http: Transport, options: SessionOptions): Promise<void> {
  requireOptions("commitUploadSession", options, chunkOptionNames);
  const operation = operations.CommitImageStoreUploadSession;
  const params = { query: { ...operationQuery(operation, options), ...sessionQuery(options) } };
  expectNoContent(await http.POST(operation.path, { params, ...requestOptions(options) }));
}

export async function deleteUploadSession(
  http: Transport,
  retry: Retry,
  options: SessionOptions,
): Promise<void> {
  requireOptions("deleteUploadSession", options, chunkOptionNames);
  const operation = operations.DeleteImageStoreUploadSession;
  const params = { query: { ...operationQuery(operation, options), ...sessionQuery(options) } };
  await retryDeletion(retry, options, async () =>
    expectNoContent(await http.DELETE(operation.path, { params, ...requestOptions(options) })),
  );
}

function sessionQuery({ sessionId }: SessionOptions): { "session-id": string } {
  return { "session-id": sessionId };
}

/** Retries a deletion. A 404 on a retry means that the first request succeeded and its response was lost. */
async function retryDeletion(
  retry: Retry,
  options: SessionOptions,
  request: () => Promise<void>,
): Promise<void> {
  let isRepeated = false;
  await retry(options, async () => {
    try {
      await request();
    } catch (error) {
      if (!isRepeated || !isFabricError(error) || error.status !== 404) throw error;
    } finally {
      isRepeated = true;
    }
  });
}

/** The body of a copy request. Throws InvalidInputError for paths that a server would misread or that would destroy the source. */
export function copyDescription(
  options: CopyContentOptions,
  platform: GatewayPlatform | undefined,
): Schemas["ImageStoreCopyDescription"] {
  const { skipFiles, copyFlag, checkMarkFile } = options;
  const source = nativeStorePath("source", options.source, platform);
  const destination = nativeStorePath("destination", options.destination, platform);
  rejectOverlap(source, destination);
  if (
    skipFiles !== undefined &&
    !(Array.isArray(skipFiles) && skipFiles.every((name) => typeof name === "string"))
  ) {
    throw new InvalidInputError("skipFiles", "must be a list of file names");
  }
  if (copyFlag !== undefined && !copyFlags.includes(copyFlag)) {
    throw new InvalidInputError(
      "copyFlag",
      `must be one of ${copyFlags.join(", ")}, got ${JSON.stringify(copyFlag)}`,
    );
  }
  if (checkMarkFile !== undefined && typeof checkMarkFile !== "boolean") {
    throw new InvalidInputError("checkMarkFile", "must be true or false");
  }
  return {
    RemoteSource: source,
    RemoteDestination: destination,
    ...(skipFiles === undefined ? {} : { SkipFiles: [...skipFiles] }),
    ...(copyFlag === undefined ? {} : { CopyFlag: copyFlag }),
    ...(checkMarkFile === undefined ? {} : { CheckMarkFile: checkMarkFile }),
  };
}

/** Overwriting deletes the destination first (protocol §1.5), so it must not be, contain or be inside the source. */
function rejectOverlap(source: string, destination: string): void {
  const [one, other] = [source, destination].map((path) => `${path.replaceAll("\\", "/").toLowerCase()}/`);
  if (one === undefined || other === undefined) return;
  if (!one.startsWith(other) && !other.startsWith(one)) return;
  const paths = `${JSON.stringify(source)} and ${JSON.stringify(destination)}`;
  throw new InvalidInputError("destination", `must not overlap the source, got ${paths}`);
}

/**
 * A store path for a request body, which servers do not decode. They compare it with stored paths, which use the platform's
 * separator (protocol §1.5).
 */
function nativeStorePath(option: string, storePath: unknown, platform: GatewayPlatform | undefined): string {
  const separator = platform === "linux" ? "/" : "\\";
  return requireStorePath(option, storePath, true).split(/[/\\]/).join(separator);
}

/** The operations whose body is file content. */
type ByteOperationId = Extract<OperationId, "UploadFile" | "UploadFileChunk">;

export interface BytesRequest {
  readonly params: ParameterGroups;
  readonly bytes: Bytes | ByteStream;
  readonly abortSignal?: AbortSignal;
  /** See ContentSent. */
  readonly onSent?: OnSent;
}

/**
 * Sends file content. Validates the input and the response like every other operation.
 *
 * Calls `fetch(url, init)` directly: the Request that openapi-fetch creates would copy the bytes, and on Node it would cost
 * several times the CPU time of sending them.
 */
export async function putBytes(
  settings: ByteExchange,
  operationId: ByteOperationId,
  { params, bytes, abortSignal, onSent }: BytesRequest,
): Promise<Answer<unknown>> {
  const operation: Operation = operations[operationId];
  validateParameters(operation, params);
  const signal = requireSignal(abortSignal);
  const path = settings.pathSerializer(operation.path, { ...params.path });
  const url = `${settings.baseUrl}${path}?${serializeQuery({ ...params.query })}`;
  const requestId = randomRequestId();
  const sent: RequestContext = { operationId, request: `${operation.method} ${url}`, requestId };
  const size = isByteStream(bytes) ? bytes.size : byteLength("content", bytes);
  const init: SendableInit = {
    method: operation.method,
    headers: {
      ...settings.headers,
      ...params.header,
      "Content-Type": operation.body?.contentType ?? "",
      [requestIdHeader]: requestId,
      // Without a length the stream would be sent chunked, and the server could not detect that it is incomplete.
      ...(isByteStream(bytes) ? { "Content-Length": String(size) } : {}),
    },
    redirect: settings.redirect,
    ...(isByteStream(bytes) ? { duplex: "half" } : {}),
    ...(signal === undefined ? {} : { signal }),
    ...(onSent === undefined ? {} : { onBodySent: onSent }),
  };
  const limits = limitsOf(operationId, params.query, size);
  const request = { url, init, body: () => requestBody(bytes), limits };
  const { text, context, response } = await checkedText(settings, sent, request);
  return { response: linkToRequest(response, context), data: text === "" ? undefined : text };
}
