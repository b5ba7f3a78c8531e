import { operations } from "@sf-image-store/types";
import { decodeAnswerIfAny, expectNoContent } from "./answer.js";
import { type Bytes, byteLength } from "./bytes.js";
import { contentRange } from "./content-range.js";
import { type OptionNames, requireOptions } from "./known-options.js";
import {
  type ContentSent,
  type OperationOptions,
  operationOptionNames,
  requestOptions,
  type StorePathOptions,
  sentOption,
  storePathOptionNames,
  timeoutQuery,
} from "./options.js";
import { type Retry, retryDeletion } from "./retry.js";
import type { Transport } from "./transport.js";
import { decodeOnlySession, decodeUploadSessions, type UploadSession } from "./upload-session.js";

export interface SessionOptions extends OperationOptions {
  /** The GUID that the session's first chunk was sent with, in either case. */
  readonly sessionId: string;
}

export interface UploadFileChunkOptions extends SessionOptions, StorePathOptions, ContentSent {
  /** Where the chunk begins in the file, in bytes from zero. */
  readonly startPosition: number;
  /** Length of the whole file in bytes; the same in every chunk of a session. */
  readonly fileSize: number;
  /** The bytes. At least one, and none behind the end of the file. */
  readonly chunk: Bytes;
}

const sessionOptionNames: OptionNames<SessionOptions> = { ...operationOptionNames, sessionId: true };

const chunkOptionNames: OptionNames<UploadFileChunkOptions> = {
  ...{ ...sessionOptionNames, ...storePathOptionNames },
  ...{ startPosition: true, fileSize: true, chunk: true, onSent: true },
};

/** Uploads in chunks. Gateways on Linux know none of these operations and answer `E_INVALIDARG` (protocol §1). */
export interface UploadSessionOperations {
  /**
   * Asks which bytes of an upload are still missing.
   * @returns undefined when the server knows no such session: it never existed, has expired, was deleted, or was lost in
   * a fail-over (protocol §3).
   */
  getUploadSession(options: SessionOptions): Promise<UploadSession | undefined>;

  /** Finds the sessions that upload to a path, spelled exactly as in their chunks (protocol §2.7). None: an empty list. */
  getUploadSessionsByPath(options: StorePathOptions): Promise<UploadSession[]>;

  /**
   * Sends one chunk. The first one with a new id opens the session. A chunk that has arrived before is refused with
   * `FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE`: after a lost answer, read the session instead (protocol §2.2).
   */
  uploadFileChunk(options: UploadFileChunkOptions): Promise<void>;

  /**
   * Turns a complete session into the file. May be repeated; the session stays until it expires or is deleted. Refused
   * with `E_INVALIDARG` for a session that is unknown or misses bytes (protocol §2.5).
   */
  commitUploadSession(options: SessionOptions): Promise<void>;

  /** Drops a session with its chunks; a committed file stays. An unknown session is a 404 `NotFound` (protocol §2.6). */
  deleteUploadSession(options: SessionOptions): Promise<void>;
}

export function uploadSessionOperations(http: Transport, retry: Retry): UploadSessionOperations {
  return {
    async getUploadSession(options) {
      requireOptions("getUploadSession", options, sessionOptionNames);
      const { path, apiVersion } = operations.GetImageStoreUploadSessionById;
      const query = { ...sessionQuery(options), "api-version": apiVersion };
      const answer = await retry(options, () =>
        http.GET(path, { params: { query }, ...requestOptions(options) }),
      );
      return decodeAnswerIfAny(answer, (data) => decodeOnlySession(data, options.sessionId));
    },

    async getUploadSessionsByPath(options) {
      requireOptions("getUploadSessionsByPath", options, storePathOptionNames);
      const { path, apiVersion } = operations.GetImageStoreUploadSessionByPath;
      const query = { ...timeoutQuery(options), "api-version": apiVersion };
      const params = { path: { contentPath: options.storePath }, query };
      const answer = await retry(options, () => http.GET(path, { params, ...requestOptions(options) }));
      return decodeAnswerIfAny(answer, decodeUploadSessions) ?? [];
    },

    async uploadFileChunk(options) {
      requireOptions("uploadFileChunk", options, chunkOptionNames);
      const { apiVersion } = operations.UploadFileChunk;
      const { storePath, startPosition, fileSize, chunk } = options;
      const params = {
        path: { contentPath: storePath },
        query: { ...sessionQuery(options), "api-version": apiVersion },
        header: { "Content-Range": contentRange(startPosition, byteLength("chunk", chunk), fileSize) },
      };
      expectNoContent(
        await http.putBytes("UploadFileChunk", {
          ...{ params, bytes: chunk },
          ...requestOptions(options),
          ...sentOption(options),
        }),
      );
    },

    async commitUploadSession(options) {
      requireOptions("commitUploadSession", options, sessionOptionNames);
      const { path, apiVersion } = operations.CommitImageStoreUploadSession;
      const query = { ...sessionQuery(options), "api-version": apiVersion };
      expectNoContent(await http.POST(path, { params: { query }, ...requestOptions(options) }));
    },

    async deleteUploadSession(options) {
      requireOptions("deleteUploadSession", options, sessionOptionNames);
      const { path, apiVersion } = operations.DeleteImageStoreUploadSession;
      const query = { ...sessionQuery(options), "api-version": apiVersion };
      await retryDeletion(retry, options, async () =>
        expectNoContent(await http.DELETE(path, { params: { query }, ...requestOptions(options) })),
      );
    },
  };
}

function sessionQuery(options: SessionOptions): { "session-id": string; timeout?: number } {
  return { "session-id": options.sessionId, ...timeoutQuery(options) };
}
