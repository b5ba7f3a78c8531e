import { operations } from "@sf-image-store/types";
import { decodeAnswerIfAny, expectNoContent } from "./answer.js";
import { type Bytes, type ByteStream, byteLength } from "./bytes.js";
import type { PutFileOptions } from "./content-operations.js";
import { contentRange } from "./content-range.js";
import { type CopyContentOptions, copyDescription, copyOptionNames } from "./copy.js";
import { type OptionNames, requireOptions } from "./known-options.js";
import {
  type ContentSent,
  operationOptionNames,
  operationQuery,
  requestOptions,
  type StorePathOptions,
  sentOption,
  storePathOptionNames,
} from "./options.js";
import type { Retry } from "./retry.js";
import { putBytes } from "./send-bytes.js";
import type { GatewayPlatform } from "./store-path.js";
import type { Transport } from "./transport.js";
import { isNotFound } from "./upload/refusals.js";
import { decodeOnlySession, decodeUploadSessions, type UploadSession } from "./upload-session.js";
import type { SessionOptions, UploadFileChunkOptions } from "./upload-sessions.js";

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
  requireOptions("getUploadSession", options, sessionOptionNames);
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
  requireOptions("getUploadSessionsByPath", options, storePathOptionNames);
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
  requireOptions("commitUploadSession", options, sessionOptionNames);
  const operation = operations.CommitImageStoreUploadSession;
  const params = { query: { ...operationQuery(operation, options), ...sessionQuery(options) } };
  expectNoContent(await http.POST(operation.path, { params, ...requestOptions(options) }));
}

export async function deleteUploadSession(
  http: Transport,
  retry: Retry,
  options: SessionOptions,
): Promise<void> {
  requireOptions("deleteUploadSession", options, sessionOptionNames);
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
      if (!isRepeated || !isNotFound(error)) throw error;
    } finally {
      isRepeated = true;
    }
  });
}
