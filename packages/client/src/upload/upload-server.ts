import { type Clock, untilAborted } from "../async/clock.js";
import type { RateLimit } from "../async/rate-limit.js";
import { isFabricError, isNetworkError } from "../errors/errors.js";
import { type ContentSent, type OnSent, type StorePathOptions, sentOption } from "../http/options.js";
import { attemptMs, limitAttempt } from "../http/request.js";
import type { ContentPage, CopyContentOptions, StoreFile } from "../operations/content.js";
import type { ContentOperations, UploadSessionOperations } from "../operations/store-operations.js";
import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import type { ByteStream, Bytes } from "../wire/bytes.js";
import { decodeStorePath } from "../wire/store-path.js";
import { type ByteSource, readRange, requireReadable, sizeOf } from "./byte-source.js";

/** The operations that uploads need. */
export interface StoreOperations
  extends Pick<ContentOperations, "getContentPage" | "putFile" | "deleteContent" | "copyContent">,
    Pick<
      UploadSessionOperations,
      "getUploadSession" | "uploadFileChunk" | "commitUploadSession" | "deleteUploadSession"
    > {
  /** Whether each operation ends by itself after the time limit of an HTTP request, or after an abort. */
  readonly limitsTime?: boolean;
  /** Like `putFile`, for content that does not fit into memory. */
  putStream(options: StorePathOptions & ContentSent & { readonly content: ByteStream }): Promise<void>;
  /** Whether the store has the file with this content. Only for stores that can be read; gateways cannot. */
  holdsContent?(options: StorePathOptions & { readonly source: ByteSource }): Promise<boolean>;
}

export interface Chunk {
  readonly storePath: string;
  readonly sessionId: string;
  readonly fileSize: number;
  readonly range: ByteRange;
  readonly bytes: Bytes;
}

interface Limits {
  readonly timeoutSeconds: number;
  readonly abortSignal: AbortSignal;
}

const MiB = 1024 * 1024;

/** The server timeout for a chunk in seconds. The server has to copy the chunk to the primary replica. */
const chunkSeconds = (bytes: number) => 60 + Math.ceil(bytes / MiB);

/** The server timeout for writing and replicating a file of this size: 2 GB take longer than the default minute. */
export const commitSeconds = (bytes: number) => 60 + Math.ceil(bytes / (4 * MiB));

/** The requests of an upload. Each has a time limit on the client, too. */
export class UploadServer {
  readonly #operations: StoreOperations;
  readonly #clock: Clock;
  readonly #rateLimit: RateLimit | undefined;

  constructor(operations: StoreOperations, clock: Clock, rateLimit?: RateLimit) {
    this.#operations = operations;
    this.#clock = clock;
    this.#rateLimit = rateLimit;
  }

  readSession(sessionId: string, signal: AbortSignal): Promise<UploadSession | undefined> {
    return this.#attempt(60, 0, signal, (limits) =>
      this.#operations.getUploadSession({ sessionId, ...limits }),
    );
  }

  sendChunk(chunk: Chunk, signal: AbortSignal, onSent?: (bytes: number) => void): Promise<void> {
    const { range, bytes, ...session } = chunk;
    const size = sizeOf(range);
    const { startPosition } = range;
    const sent = this.#send(chunkSeconds(size), size, signal, onSent, (options) =>
      this.#operations.uploadFileChunk({ ...session, startPosition, chunk: bytes, ...options }),
    );
    return asSourceError(sent, bytes, signal);
  }

  commit(sessionId: string, fileSize: number, signal: AbortSignal): Promise<void> {
    return this.#attempt(commitSeconds(fileSize), 0, signal, (limits) =>
      this.#operations.commitUploadSession({ sessionId, ...limits }),
    );
  }

  deleteSession(sessionId: string, signal: AbortSignal): Promise<void> {
    return this.#attempt(60, 0, signal, (limits) =>
      this.#operations.deleteUploadSession({ sessionId, ...limits }),
    );
  }

  putFile(
    storePath: string,
    content: Bytes,
    size: number,
    signal: AbortSignal,
    onSent?: (bytes: number) => void,
  ): Promise<void> {
    const sent = this.#send(commitSeconds(size), size, signal, onSent, (options) =>
      this.#operations.putFile({ storePath, content, ...options }),
    );
    return asSourceError(sent, content, signal);
  }

  putStream(
    storePath: string,
    content: ByteStream,
    signal: AbortSignal,
    onSent?: (bytes: number) => void,
  ): Promise<void> {
    const { size } = content;
    return this.#send(commitSeconds(size), size, signal, onSent, (options) =>
      this.#operations.putStream({ storePath, content, ...options }),
    );
  }

  /** Copies a file, or a folder that has its mark file, inside the store. */
  copy(
    paths: Pick<CopyContentOptions, "source" | "destination" | "copyFlag">,
    size: number,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#attempt(commitSeconds(size), 0, signal, (limits) =>
      this.#operations.copyContent({ ...paths, ...limits }),
    );
  }

  get comparesContent(): boolean {
    return this.#operations.holdsContent !== undefined;
  }

  /** Whether the store has the file with this content. Has no time limit, because it reads the whole file. */
  async holdsContent(storePath: string, source: ByteSource, abortSignal: AbortSignal): Promise<boolean> {
    const read: ByteSource["read"] = (range, options) => readRange(source, range, options);
    const compared = this.#operations.holdsContent?.({
      storePath,
      source: { size: source.size, read },
      abortSignal,
    });
    return compared === undefined ? false : untilAborted(abortSignal, compared);
  }

  /** The file at a path; undefined if there is none. */
  async findFile(storePath: string, signal: AbortSignal): Promise<StoreFile | undefined> {
    const entry = await this.entryAt(storePath, signal);
    return entry === "folder" ? undefined : entry;
  }

  /** The file or folder at a path: the listing of a file's path contains that file (protocol §1.3). */
  async entryAt(storePath: string, signal: AbortSignal): Promise<StoreFile | "folder" | undefined> {
    const page = await this.listPage(storePath, undefined, signal);
    // The listing of a file that is being replaced may be empty.
    if (page === undefined || page.files.length + page.folders.length === 0) return undefined;
    const path = decodeStorePath(storePath).toLowerCase();
    return page.files.find((file) => file.storePath.toLowerCase() === path) ?? "folder";
  }

  /** One page of a folder's listing; undefined if the path does not exist. Without `token`, the first page. */
  listPage(
    storePath: string,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<ContentPage | undefined> {
    const page = token === undefined ? { storePath } : { storePath, continuationToken: token };
    return this.#attempt(60, 0, signal, async (limits) => {
      try {
        return await this.#operations.getContentPage({ ...page, ...limits });
      } catch (error) {
        if (isFabricError(error) && error.status === 404) return undefined;
        throw error;
      }
    });
  }

  /** Deletes a file, or a folder with its content. */
  deleteContent(storePath: string, signal: AbortSignal): Promise<void> {
    return this.#attempt(120, 0, signal, (limits) =>
      this.#operations.deleteContent({ storePath, ...limits }),
    );
  }

  /** Makes one attempt to send content, at the allowed rate. Its time limit starts when it is its turn. */
  async #send(
    timeoutSeconds: number,
    bytes: number,
    signal: AbortSignal,
    onSent: ((bytes: number) => void) | undefined,
    call: (options: Limits & ContentSent) => Promise<void>,
  ): Promise<void> {
    const pace = await this.#rateLimit?.turn(bytes, signal);
    const paced: OnSent | undefined =
      pace &&
      ((more) => {
        onSent?.(more);
        return pace(more);
      });
    return this.#attempt(timeoutSeconds, bytes, signal, (limits) =>
      call({ ...limits, ...sentOption({ onSent: paced ?? onSent }) }),
    );
  }

  /** Applies the time limit of HTTP requests, because file systems have none. */
  async #attempt<Value>(
    timeoutSeconds: number,
    bytes: number,
    signal: AbortSignal,
    call: (limits: Limits) => Promise<Value>,
  ): Promise<Value> {
    signal.throwIfAborted();
    if (this.#operations.limitsTime === true) return call({ timeoutSeconds, abortSignal: signal });
    return limitAttempt(this.#clock, signal, attemptMs(timeoutSeconds, bytes), (abortSignal) =>
      call({ timeoutSeconds, abortSignal }),
    );
  }
}

/** Platforms report an unreadable Blob as a network error. Throws a SourceError for it, because a retry would not help. */
async function asSourceError(sent: Promise<void>, bytes: Bytes, signal: AbortSignal): Promise<void> {
  try {
    await sent;
  } catch (error) {
    if (isNetworkError(error)) await requireReadable(bytes, signal);
    throw error;
  }
}

/** The server already has some of these bytes; the session says which (protocol §2.2). */
export function isReceivedBefore(error: unknown): boolean {
  return isFabricError(error) && error.code === "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";
}

/** The session ID belongs to an upload to another path. */
export function isIdConflict(error: unknown): boolean {
  return isFabricError(error) && error.code === "FABRIC_E_UPLOAD_SESSION_ID_CONFLICT";
}

/** Another write to the path or to a parent folder is in progress, such as a long commit of a large file. */
export function isWriteInProgress(error: unknown): boolean {
  return isFabricError(error) && error.code === "OperationsPending";
}

/** Servers use this for unknown routes and for sessions that are lost, incomplete or have another size. */
export function isInvalidArgument(error: unknown): boolean {
  return isFabricError(error) && error.status === 400 && error.code === "E_INVALIDARG";
}

/** The server no longer has the session or its chunks. */
export function isNotFound(error: unknown): boolean {
  return isFabricError(error) && error.status === 404;
}

/** A proxy rejects bodies of this size. */
export function isTooLarge(error: unknown): boolean {
  return isFabricError(error) && error.status === 413;
}
