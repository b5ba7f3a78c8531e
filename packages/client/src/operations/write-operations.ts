import { InvalidInputError, isFabricError } from "../errors/errors.js";
import { type Content, call } from "../http/call.js";
import {
  type ContentSent,
  operationOptionNames,
  type StorePathOptions,
  storePathOptionNames,
} from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import { decodeAnswerIfAny, expectNoContent } from "../wire/answer.js";
import { type ByteStream, type Bytes, byteLength, unsharedBytes } from "../wire/bytes.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import type { PutFileOptions } from "./content.js";
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
  const content = contentOf(options.content, options);
  const input = { path: { contentPath: options.storePath }, content };
  expectNoContent(await call(http, "UploadFile", options, input));
}

export async function getUploadSession(
  http: Transport,
  retry: Retry,
  options: SessionOptions,
): Promise<UploadSession | undefined> {
  requireOptions("getUploadSession", options, chunkOptionNames);
  const query = sessionQuery(options);
  const answer = await retry(options, () => call(http, "GetImageStoreUploadSessionById", options, { query }));
  return decodeAnswerIfAny(answer, (data) => decodeOnlySession(data, options.sessionId));
}

export async function getUploadSessionsByPath(
  http: Transport,
  retry: Retry,
  options: StorePathOptions,
): Promise<UploadSession[]> {
  requireOptions("getUploadSessionsByPath", options, chunkOptionNames);
  const path = { contentPath: options.storePath };
  const answer = await retry(options, () =>
    call(http, "GetImageStoreUploadSessionByPath", options, { path }),
  );
  return decodeAnswerIfAny(answer, decodeUploadSessions) ?? [];
}

export async function uploadFileChunk(http: Transport, options: UploadFileChunkOptions): Promise<void> {
  requireOptions("uploadFileChunk", options, chunkOptionNames);
  const { storePath, startPosition, fileSize, chunk } = options;
  byteLength("chunk", chunk);
  const content = contentOf(chunk, options);
  expectNoContent(
    await call(http, "UploadFileChunk", options, {
      path: { contentPath: storePath },
      query: sessionQuery(options),
      header: { "Content-Range": contentRange(startPosition, content.size, fileSize) },
      content,
    }),
  );
}

export async function commitUploadSession(http: Transport, options: SessionOptions): Promise<void> {
  requireOptions("commitUploadSession", options, chunkOptionNames);
  const query = sessionQuery(options);
  expectNoContent(await call(http, "CommitImageStoreUploadSession", options, { query }));
}

export async function deleteUploadSession(
  http: Transport,
  retry: Retry,
  options: SessionOptions,
): Promise<void> {
  requireOptions("deleteUploadSession", options, chunkOptionNames);
  const query = sessionQuery(options);
  await retryDeletion(retry, options, async () =>
    expectNoContent(await call(http, "DeleteImageStoreUploadSession", options, { query })),
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

function contentOf(bytes: Bytes | ByteStream, { onSent }: ContentSent): Content {
  const isStream = isByteStream(bytes);
  const size = isStream ? bytes.size : byteLength("content", bytes);
  return {
    size,
    body: () => requestBody(bytes),
    // Without a length the stream would be sent chunked, and the server could not detect that it is incomplete.
    headers: isStream ? { "Content-Length": String(size) } : {},
    init: {
      ...(isStream ? { duplex: "half" } : {}),
      ...(onSent === undefined ? {} : { onBodySent: onSent }),
    },
  };
}

function isByteStream(bytes: Bytes | ByteStream): bytes is ByteStream {
  return !(bytes instanceof Blob) && !(bytes instanceof Uint8Array);
}

function requestBody(
  bytes: Bytes | ByteStream,
): Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> {
  if (isByteStream(bytes)) return bytes.stream();
  return bytes instanceof Blob ? bytes : unsharedBytes(bytes);
}

/**
 * The Content-Range of a chunk. Throws InvalidInputError for ranges that a server would misread, or store and then refuse
 * at commit (protocol §2.1, §2.5): an empty chunk, an end beyond the file, positions that are not whole numbers.
 */
function contentRange(startPosition: number, chunkSize: number, fileSize: number): string {
  if (!Number.isSafeInteger(fileSize) || fileSize < 1) {
    throw new InvalidInputError("fileSize", `must be a whole number of bytes above zero, got ${fileSize}`);
  }
  if (!Number.isSafeInteger(startPosition) || startPosition < 0) {
    throw new InvalidInputError("startPosition", `must be a whole number of bytes, got ${startPosition}`);
  }
  if (chunkSize === 0) throw new InvalidInputError("chunk", "must not be empty");
  const endPosition = startPosition + chunkSize - 1;
  if (endPosition >= fileSize) {
    const chunk = `bytes ${startPosition} to ${endPosition}`;
    throw new InvalidInputError(
      "chunk",
      `must be inside the file, got ${chunk} of a file of ${fileSize} bytes`,
    );
  }
  return `bytes ${startPosition}-${endPosition}/${fileSize}`;
}
