import { operations, type Schemas } from "@sf-image-store/types";
import { InvalidInputError, isFabricError } from "../errors/errors.js";
import {
  type OperationOptions,
  operationOptionNames,
  operationQuery,
  requestOptions,
  type StorePathOptions,
  storePathOptionNames,
} from "../http/options.js";
import type { Retry } from "../http/retry.js";
import type { Transport } from "../http/transport.js";
import { decodeAnswer, decodeAnswerIfAny, expectNoContent, UnexpectedValue } from "../wire/answer.js";
import { decodeStorePath, type GatewayPlatform } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import {
  type ContentPage,
  type CopyContentOptions,
  decodeContentPage,
  decodeFolderSize,
  decodeImageStoreInfo,
  emptyPage,
  type FolderSize,
  type ImageStoreInfo,
  isEscaped,
  listEntries,
  type PutFileOptions,
  type StoreEntry,
} from "./content.js";
import type { SessionOptions, UploadFileChunkOptions, UploadSession } from "./upload-session.js";

export interface FolderOptions extends OperationOptions {
  /** Names joined by `/`. @default the root of the image store */
  readonly storePath?: string;
}

export interface ContentPageOptions extends FolderOptions {
  /** The token of the page before, unchanged. @default the first page */
  readonly continuationToken?: string;
}

export const folderOptionNames: OptionNames<FolderOptions> = storePathOptionNames;
export const pageOptionNames: OptionNames<ContentPageOptions> = {
  ...folderOptionNames,
  continuationToken: true,
};

/** Files and folders as a whole. */
export interface ContentOperations {
  /**
   * Goes through a folder: its files and folders, not what is inside those. Asks for further pages as the loop goes on.
   * A folder that does not exist is a FabricError with status 404 and no code; the root is then just empty.
   */
  listContent(options?: FolderOptions): AsyncIterable<StoreEntry>;

  /** One page of such a listing. For the path of a file: that file (protocol §1.3). */
  getContentPage(options?: ContentPageOptions): Promise<ContentPage>;

  /**
   * Writes a whole file in one request, replacing one of the same name. The only way for an empty file, and on gateways
   * that run on Linux.
   */
  putFile(options: PutFileOptions): Promise<void>;

  /** Deletes a file, or a folder with everything in it. Succeeds for a path that does not exist, too (protocol §1.4). */
  deleteContent(options: StorePathOptions): Promise<void>;

  /** Copies inside the image store. A source that is absent, or a folder without its mark, is `FABRIC_E_FILE_NOT_FOUND`. */
  copyContent(options: CopyContentOptions): Promise<void>;

  /** How many bytes a folder holds. Clusters older than 6.5 answer `E_INVALIDARG`. */
  getFolderSize(options?: FolderOptions): Promise<FolderSize>;

  /** How the image store uses its disk. Clusters older than 6.5 answer `E_INVALIDARG`. */
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
  const loadWrites = () => import("./write-operations.js");
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
      const operation = operations.DeleteImageStoreContent;
      const params = { path: { contentPath: options.storePath }, query: operationQuery(operation, options) };
      expectNoContent(
        await retry(options, () => http.DELETE(operation.path, { params, ...requestOptions(options) })),
      );
    },

    copyContent: async (options) => (await loadWrites()).copyContent(http, platform, options),

    async getFolderSize(options = {}) {
      requireOptions("getFolderSize", options, folderOptionNames);
      return retry(options, async () =>
        options.storePath === undefined
          ? rootFolderSize(http, options)
          : folderSize(http, options.storePath, options),
      );
    },

    async getImageStoreInfo(options = {}) {
      requireOptions("getImageStoreInfo", options, operationOptionNames);
      const operation = operations.GetImageStoreInfo;
      const params = { query: operationQuery(operation, options) };
      const answer = await retry(options, () =>
        http.GET(operation.path, { params, ...requestOptions(options) }),
      );
      return decodeAnswer(answer, decodeImageStoreInfo);
    },
  };
}

type IsKnown = (token: string) => boolean;

async function rootPage(
  http: Transport,
  options: ContentPageOptions,
  isKnown: IsKnown,
): Promise<ContentPage> {
  const operation = operations.GetImageStoreRootContent;
  const query = { ...operationQuery(operation, options), ...tokenQuery(options) };
  try {
    const answer = await http.GET(operation.path, { params: { query }, ...requestOptions(options) });
    return decodeAnswer(answer, (data) => decodeContentPage(data, isKnown));
  } catch (error) {
    // A store without any content answers as if the root did not exist (protocol §1.3). A later page has no such excuse.
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
  const operation = operations.GetImageStoreContent;
  const query = { ...operationQuery(operation, options), ...tokenQuery(options) };
  const params = { path: { contentPath: storePath }, query };
  const answer = await http.GET(operation.path, { params, ...requestOptions(options) });
  const decode = (data: Schemas["ImageStoreContent"]) =>
    requireInside(storePath, decodeContentPage(data, isKnown));
  return decodeAnswerIfAny(answer, decode) ?? emptyPage;
}

/** An answer to another question must not pass for what is, or is not, at a path. */
function requireInside(storePath: string, page: ContentPage): ContentPage {
  const path = decodeStorePath(storePath).toLowerCase();
  for (const entry of [...page.files, ...page.folders]) {
    const listed = entry.storePath.toLowerCase();
    if (listed !== path && !listed.startsWith(`${path}/`)) {
      throw new UnexpectedValue("StoreRelativePath", `${storePath} or a path below it`, entry.storePath);
    }
  }
  return page;
}

async function rootFolderSize(http: Transport, options: FolderOptions): Promise<FolderSize> {
  const operation = operations.GetImageStoreRootFolderSize;
  const params = { query: operationQuery(operation, options) };
  return decodeAnswer(
    await http.GET(operation.path, { params, ...requestOptions(options) }),
    decodeFolderSize,
  );
}

async function folderSize(http: Transport, storePath: string, options: FolderOptions): Promise<FolderSize> {
  const operation = operations.GetImageStoreFolderSize;
  const params = { path: { contentPath: storePath }, query: operationQuery(operation, options) };
  return decodeAnswer(
    await http.GET(operation.path, { params, ...requestOptions(options) }),
    decodeFolderSize,
  );
}

function tokenQuery({ continuationToken }: ContentPageOptions): { ContinuationToken?: string } {
  if (continuationToken === undefined) return {};
  if (typeof continuationToken !== "string" || !isEscaped(continuationToken)) {
    throw new InvalidInputError("continuationToken", "must be the token of the page before, unchanged");
  }
  return { ContinuationToken: continuationToken };
}

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
