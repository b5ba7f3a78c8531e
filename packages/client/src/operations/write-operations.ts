import { type Operation, type OperationId, operations, type Schemas } from "@sf-image-store/types";
import { InvalidInputError, isFabricError, type RequestContext } from "../errors/errors.js";
import { checkedText } from "../http/answers.js";
import {
  type ContentSent,
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
import { type Answer, decodeAnswerIfAny, expectNoContent, rememberAnswer } from "../wire/answer.js";
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
 * The requests that write content, and those about upload sessions. This module is loaded by the first of them: a page that
 * only looks at the store does not need it.
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

/** For deletions that answer 404 when there is nothing: after a lost answer, that is what was wanted. */
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

/** The body of a copy. Throws InvalidInputError for what a server would misread, or what would destroy the source. */
export function copyDescription(
  options: CopyContentOptions,
  platform: GatewayPlatform | undefined,
): Schemas["ImageStoreCopyDescription"] {
  const { skipFiles, copyFlag, checkMarkFile } = options;
  const source = nativeStorePath("source", options.source, platform);
  const destination = nativeStorePath("destination", options.destination, platform);
  refuseOverlap(source, destination);
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

/** Overwriting deletes the destination first (protocol §1.5): it must not be, hold, or lie in the source. */
function refuseOverlap(source: string, destination: string): void {
  const [one, other] = [source, destination].map((path) => `${path.replaceAll("\\", "/").toLowerCase()}/`);
  if (one === undefined || other === undefined) return;
  if (!one.startsWith(other) && !other.startsWith(one)) return;
  const paths = `${JSON.stringify(source)} and ${JSON.stringify(destination)}`;
  throw new InvalidInputError("destination", `must be apart from the source, got ${paths}`);
}

/**
 * A store path as it stands in a request's body, where nothing decodes it. Servers compare it raw with the paths they keep,
 * whose separator is the platform's (protocol §1.5).
 */
function nativeStorePath(option: string, storePath: unknown, platform: GatewayPlatform | undefined): string {
  const separator = platform === "linux" ? "/" : "\\";
  return requireStorePath(option, storePath, true).split(/[/\\]/).join(separator);
}

/** The operations whose body is the content of a file. */
type ByteOperationId = Extract<OperationId, "UploadFile" | "UploadFileChunk">;

export interface BytesRequest {
  readonly params: ParameterGroups;
  readonly bytes: Bytes | ByteStream;
  readonly abortSignal?: AbortSignal;
  /** Told how many more bytes have been handed to the system, where the `fetch` can tell. */
  readonly onSent?: (bytes: number) => void;
}

/**
 * Sends file content. Checks input and answer as every other operation does.
 *
 * Has `fetch(url, init)` called: the Request that openapi-fetch makes first would cost a copy of the bytes, and on Node
 * several times the processor time of the sending.
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
      // Without it a stream would go in pieces of unknown number, which an interrupted one resembles.
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
  return { response: rememberAnswer(response, context), data: text === "" ? undefined : text };
}
