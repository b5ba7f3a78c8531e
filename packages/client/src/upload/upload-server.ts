import { type Clock, untilAborted } from "../async/clock.js";
import { isFabricError, isNetworkError } from "../errors/errors.js";
import { type ContentSent, type StorePathOptions, sentOption } from "../http/options.js";
import { attemptMs, withTimeLimit } from "../http/request.js";
import type { ContentPage, StoreFile } from "../operations/content.js";
import type { ContentOperations, UploadSessionOperations } from "../operations/store-operations.js";
import type { ByteRange, UploadSession } from "../operations/upload-session.js";
import type { ByteStream, Bytes } from "../wire/bytes.js";
import { decodeStorePath } from "../wire/store-path.js";
import { type ByteSource, readRange, requireReadable, sizeOf } from "./byte-source.js";

/** What the engine needs of a client. */
export interface StoreOperations
  extends Pick<ContentOperations, "getContentPage" | "putFile" | "deleteContent" | "copyContent">,
    Pick<
      UploadSessionOperations,
      "getUploadSession" | "uploadFileChunk" | "commitUploadSession" | "deleteUploadSession"
    > {
  /** Like `putFile`, for content that does not fit into memory. */
  putStream(options: StorePathOptions & ContentSent & { readonly content: ByteStream }): Promise<void>;
  /** Whether the file is there, with this content. Only stores that can be read know; gateways cannot be asked. */
  holdsContent?(options: StorePathOptions & { readonly source: ByteSource }): Promise<boolean>;
}

export interface Chunk {
  readonly storePath: string;
  readonly sessionId: string;
  readonly fileSize: number;
  readonly range: ByteRange;
  readonly bytes: Bytes;
}

const MiB = 1024 * 1024;

/** What the server may take for a chunk, in seconds: it copies it to where the primary replica can read it. */
const chunkSeconds = (bytes: number) => 60 + Math.ceil(bytes / MiB);

/** What it may take to join a file of this size and replicate it: a commit of 2 GB is not done in the default minute. */
export const commitSeconds = (bytes: number) => 60 + Math.ceil(bytes / (4 * MiB));

/** The requests of an upload. Each is ended on this side, too, when no answer can be expected any more. */
export class UploadServer {
  readonly #operations: StoreOperations;
  readonly #clock: Clock;

  constructor(operations: StoreOperations, clock: Clock) {
    this.#operations = operations;
    this.#clock = clock;
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
    const sent = this.#attempt(chunkSeconds(size), size, signal, (limits) =>
      this.#operations.uploadFileChunk({
        ...session,
        startPosition,
        chunk: bytes,
        ...limits,
        ...sentOption({ onSent }),
      }),
    );
    return unlessUnreadable(sent, bytes, signal);
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
    const sent = this.#attempt(commitSeconds(size), size, signal, (limits) =>
      this.#operations.putFile({ storePath, content, ...limits, ...sentOption({ onSent }) }),
    );
    return unlessUnreadable(sent, content, signal);
  }

  putStream(
    storePath: string,
    content: ByteStream,
    signal: AbortSignal,
    onSent?: (bytes: number) => void,
  ): Promise<void> {
    const { size } = content;
    return this.#attempt(commitSeconds(size), size, signal, (limits) =>
      this.#operations.putStream({ storePath, content, ...limits, ...sentOption({ onSent }) }),
    );
  }

  get comparesContent(): boolean {
    return this.#operations.holdsContent !== undefined;
  }

  /** Whether the file is there. As long as reading takes. */
  async holdsContent(storePath: string, source: ByteSource, abortSignal: AbortSignal): Promise<boolean> {
    const read: ByteSource["read"] = (range, options) => readRange(source, range, options);
    const compared = this.#operations.holdsContent?.({
      storePath,
      source: { size: source.size, read },
      abortSignal,
    });
    return compared === undefined ? false : untilAborted(abortSignal, compared);
  }

  /** The file at a path; undefined when there is none. */
  async findFile(storePath: string, signal: AbortSignal): Promise<StoreFile | undefined> {
    const entry = await this.entryAt(storePath, signal);
    return entry === "folder" ? undefined : entry;
  }

  /** What is at a path: the path of a file lists that file, the path of a folder what is in it (protocol §1.3). */
  async entryAt(storePath: string, signal: AbortSignal): Promise<StoreFile | "folder" | undefined> {
    const page = await this.listPage(storePath, undefined, signal);
    // An empty page may be that of a file too, one that is being replaced.
    if (page === undefined || page.files.length + page.folders.length === 0) return undefined;
    const path = decodeStorePath(storePath).toLowerCase();
    return page.files.find((file) => file.storePath.toLowerCase() === path) ?? "folder";
  }

  /** One page of what a folder holds; undefined when nothing is at the path. Without `token`, the first. */
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

  /** Deletes a file, or a folder with all that is in it. */
  deleteContent(storePath: string, signal: AbortSignal): Promise<void> {
    return this.#attempt(120, 0, signal, (limits) =>
      this.#operations.deleteContent({ storePath, ...limits }),
    );
  }

  /**
   * Ends what hangs: a folder, or a `fetch` that ignores its signal, has no limit of its own. The limit is that of requests by
   * HTTP.
   */
  async #attempt<Value>(
    timeoutSeconds: number,
    bytes: number,
    signal: AbortSignal,
    call: (limits: { timeoutSeconds: number; abortSignal: AbortSignal }) => Promise<Value>,
  ): Promise<Value> {
    signal.throwIfAborted();
    return withTimeLimit(this.#clock, signal, attemptMs(timeoutSeconds, bytes), (abortSignal) =>
      untilAborted(abortSignal, call({ timeoutSeconds, abortSignal })),
    );
  }
}

/** Platforms report a Blob that they cannot read any more as a broken network: trying again would be no use. */
async function unlessUnreadable(sent: Promise<void>, bytes: Bytes, signal: AbortSignal): Promise<void> {
  try {
    await sent;
  } catch (error) {
    if (isNetworkError(error)) await requireReadable(bytes, signal);
    throw error;
  }
}

/** The server has these bytes, or some of them. Asking it tells (protocol §2.2). */
export function isReceivedBefore(error: unknown): boolean {
  return isFabricError(error) && error.code === "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";
}

/** The id belongs to an upload to another path. */
export function isIdConflict(error: unknown): boolean {
  return isFabricError(error) && error.code === "FABRIC_E_UPLOAD_SESSION_ID_CONFLICT";
}

/** Another write to the path, or to a folder it is in, is going on; a commit of a large file takes its time. */
export function isOtherWrite(error: unknown): boolean {
  return isFabricError(error) && error.code === "OperationsPending";
}

/** Servers say this of many things: an unknown route, a session that is lost or incomplete, one of another size. */
export function isInvalidArgument(error: unknown): boolean {
  return isFabricError(error) && error.status === 400 && error.code === "E_INVALIDARG";
}

/** A session, or the chunks of one, that the server no longer has. */
export function isNotFound(error: unknown): boolean {
  return isFabricError(error) && error.status === 404;
}

/** Something between here and the server takes no body of this size. */
export function isTooLarge(error: unknown): boolean {
  return isFabricError(error) && error.status === 413;
}
