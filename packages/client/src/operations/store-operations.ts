import type { Schemas } from "@sf-image-store/types";
import { onDemand } from "../async/clock.js";
import { InvalidInputError, isFabricError } from "../errors/errors.js";
import { call } from "../http/call.js";
import { type OperationOptions, type StorePathOptions, storePathOptionNames } from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import { decodeAnswer, decodeAnswerIfAny, expectNoContent, UnexpectedValue } from "../wire/answer.js";
import { decodeStorePath, type GatewayPlatform } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import {
  type ContentPage,
  type CopyContentOptions,
  decodeContentPage,
  emptyPage,
  type FolderSize,
  type ImageStoreInfo,
  isEscaped,
  listEntries,
  type PutFileOptions,
  type StoreEntry,
} from "./content.js";
import type { SessionOptions, UploadFileChunkOptions, UploadSession } from "./upload-session.js";

/** `import` would take a tenth of the CPU time of a small request each time. */
export const loadWrites = onDemand(() => import("./write-operations.js"));

export interface FolderOptions extends OperationOptions {
  /** The path of the folder, with `/` as separator. @default the root of the image store */
  readonly storePath?: string;
}

export interface ContentPageOptions extends FolderOptions {
  /** The token of the previous page, unchanged. @default the first page */
  readonly continuationToken?: string;
}

export const folderOptionNames: OptionNames<FolderOptions> = storePathOptionNames;
export const pageOptionNames: OptionNames<ContentPageOptions> = {
  ...folderOptionNames,
  continuationToken: true,
};

/** Operations on files and folders. */
export interface ContentOperations {
  /**
   * Lists the files and folders directly in a folder. Requests further pages as the loop continues. For a folder that does
   * not exist, throws a FabricError with status 404 and no code. An empty store has an empty root.
   */
  listContent(options?: FolderOptions): AsyncIterable<StoreEntry>;

  /** Gets one page of such a listing. For the path of a file, the page contains that file (protocol §1.3). */
  getContentPage(options?: ContentPageOptions): Promise<ContentPage>;

  /**
   * Writes a whole file in one request and replaces an existing file. Empty files and gateways on Linux do not support upload
   * sessions and need this method.
   */
  putFile(options: PutFileOptions): Promise<void>;

  /** Deletes a file, or a folder with its content. Also succeeds if the path does not exist (protocol §1.4). */
  deleteContent(options: StorePathOptions): Promise<void>;

  /**
   * Copies a file or folder inside the image store. Fails with `FABRIC_E_FILE_NOT_FOUND` if the source does not exist or is a
   * folder without a mark file.
   */
  copyContent(options: CopyContentOptions): Promise<void>;

  /** Gets the total size of a folder. Clusters older than 6.5 respond with `E_INVALIDARG`. */
  getFolderSize(options?: FolderOptions): Promise<FolderSize>;

  /** Gets the disk usage of the image store. Clusters older than 6.5 respond with `E_INVALIDARG`. */
  getImageStoreInfo(options?: OperationOptions): Promise<ImageStoreInfo>;
}

export function contentOperations(
  http: Transport,
  platform: GatewayPlatform | undefined,
  retry: Retry,
): ContentOperations {
  const page = (options: ContentPageOptions, isKnown: IsKnown) =>
    retry(options, async () =>
      options.storePath === undefined
        ? rootPage(http, options, isKnown)
        : folderPage(http, options.storePath, options, isKnown),
    );
  const loadDiskUsage = onDemand(() => import("./disk-usage.js"));
  return {
    async getContentPage(options = {}) {
      requireOptions("getContentPage", options, pageOptionNames);
      return page(options, (token) => token === options.continuationToken);
    },

    listContent(options = {}) {
      requireOptions("listContent", options, folderOptionNames);
      return listEntries((token, isKnown) => page({ ...options, ...token }, isKnown), options.abortSignal);
    },

    putFile: async (options) => (await loadWrites()).putFile(http, options),

    async deleteContent(options) {
      requireOptions("deleteContent", options, storePathOptionNames);
      const path = { contentPath: options.storePath };
      await retry(options, async () =>
        expectNoContent(await call(http, "DeleteImageStoreContent", options, { path })),
      );
    },

    copyContent: async (options) => (await import("./copy-content.js")).copyContent(http, platform, options),

    getFolderSize: async (options = {}) => (await loadDiskUsage()).getFolderSize(http, retry, options),

    getImageStoreInfo: async (options = {}) =>
      (await loadDiskUsage()).getImageStoreInfo(http, retry, options),
  };
}

type IsKnown = (token: string) => boolean;

async function rootPage(
  http: Transport,
  options: ContentPageOptions,
  isKnown: IsKnown,
): Promise<ContentPage> {
  const query = tokenQuery(options);
  try {
    const answer = await call(http, "GetImageStoreRootContent", options, { query });
    return decodeAnswer(answer, (data) => decodeContentPage(data, isKnown));
  } catch (error) {
    // An empty store responds as if the root did not exist (protocol §1.3). That is an error for a later page.
    const isFirst = options.continuationToken === undefined;
    if (isFirst && isFabricError(error) && error.code === "FABRIC_E_NAME_DOES_NOT_EXIST") return emptyPage;
    throw error;
  }
}

async function folderPage(
  http: Transport,
  storePath: string,
  options: ContentPageOptions,
  isKnown: IsKnown,
): Promise<ContentPage> {
  const input = { path: { contentPath: storePath }, query: tokenQuery(options) };
  const answer = await call(http, "GetImageStoreContent", options, input);
  const decode = (data: Schemas["ImageStoreContent"]) =>
    requireInside(storePath, decodeContentPage(data, isKnown));
  return decodeAnswerIfAny(answer, decode) ?? emptyPage;
}

/** Throws if the listing is not about this path: the response may belong to another request. */
function requireInside(storePath: string, page: ContentPage): ContentPage {
  const path = decodeStorePath(storePath).toLowerCase();
  const start = `${path}/`;
  const check = (entry: StoreEntry) => {
    const listed = entry.storePath.toLowerCase();
    if (!listed.startsWith(start) && listed !== path) {
      throw new UnexpectedValue("StoreRelativePath", `${storePath} or a path below it`, entry.storePath);
    }
  };
  page.files.forEach(check);
  page.folders.forEach(check);
  return page;
}

function tokenQuery({ continuationToken }: ContentPageOptions): { ContinuationToken?: string } {
  if (continuationToken === undefined) return {};
  if (typeof continuationToken !== "string" || !isEscaped(continuationToken)) {
    throw new InvalidInputError("continuationToken", "must be the unchanged token of the previous page");
  }
  return { ContinuationToken: continuationToken };
}

/** Uploads in chunks. Gateways on Linux do not support these operations and respond with `E_INVALIDARG` (protocol §1). */
export interface UploadSessionOperations {
  /**
   * Gets an upload session, which tells which bytes are still missing.
   * @returns undefined if the session does not exist: it was never opened, has expired, was deleted, or was lost in a failover
   * (protocol §3).
   */
  getUploadSession(options: SessionOptions): Promise<UploadSession | undefined>;

  /** Finds all sessions for a path, which must be spelled exactly as in their chunks (protocol §2.7). */
  getUploadSessionsByPath(options: StorePathOptions): Promise<UploadSession[]>;

  /**
   * Sends one chunk. The first chunk with a new ID opens the session. Fails with
   * `FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE` if the server already has the chunk. If a response was lost, read the
   * session instead of sending the chunk again (protocol §2.2).
   */
  uploadFileChunk(options: UploadFileChunkOptions): Promise<void>;

  /**
   * Creates the file from a complete session. The session remains until it expires or is deleted, so a commit can be repeated.
   * Fails with `E_INVALIDARG` if the session does not exist or is incomplete (protocol §2.5).
   */
  commitUploadSession(options: SessionOptions): Promise<void>;

  /**
   * Deletes a session and its chunks, but not a file committed from it. Fails with 404 `NotFound` if the session does not
   * exist (protocol §2.6).
   */
  deleteUploadSession(options: SessionOptions): Promise<void>;
}

export function uploadSessionOperations(http: Transport, retry: Retry): UploadSessionOperations {
  return {
    getUploadSession: async (options) => (await loadWrites()).getUploadSession(http, retry, options),
    getUploadSessionsByPath: async (options) =>
      (await loadWrites()).getUploadSessionsByPath(http, retry, options),
    uploadFileChunk: async (options) => (await loadWrites()).uploadFileChunk(http, options),
    commitUploadSession: async (options) => (await loadWrites()).commitUploadSession(http, options),
    deleteUploadSession: async (options) => (await loadWrites()).deleteUploadSession(http, retry, options),
  };
}
