import type { StorePathOptions } from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import type { SessionOptions, UploadFileChunkOptions, UploadSession } from "./upload-session.js";

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
  const load = () => import("./write-operations.js");
  return {
    getUploadSession: async (options) => (await load()).getUploadSession(http, retry, options),
    getUploadSessionsByPath: async (options) => (await load()).getUploadSessionsByPath(http, retry, options),
    uploadFileChunk: async (options) => (await load()).uploadFileChunk(http, options),
    commitUploadSession: async (options) => (await load()).commitUploadSession(http, options),
    deleteUploadSession: async (options) => (await load()).deleteUploadSession(http, retry, options),
  };
}
