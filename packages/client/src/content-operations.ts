import { operations, type Schemas } from "@sf-image-store/types";
import { decodeAnswer, decodeAnswerIfAny, expectNoContent } from "./answer.js";
import { type Bytes, byteLength, sendBytes } from "./bytes.js";
import { type ContentPage, decodeContentPage, emptyPage, type StoreEntry } from "./content.js";
import { isFabricError } from "./errors.js";
import { listEntries } from "./listing.js";
import { type OperationOptions, requestOptions, type StorePathOptions, timeoutQuery } from "./options.js";
import { type GatewayPlatform, nativeStorePath } from "./store-path.js";
import type { Transport } from "./transport.js";
import { decodeFolderSize, decodeImageStoreInfo, type FolderSize, type ImageStoreInfo } from "./usage.js";

export interface FolderOptions extends OperationOptions {
  /** Names joined by `/`. @default the root of the image store */
  readonly storePath?: string;
}

export interface ContentPageOptions extends FolderOptions {
  /** The token of the page before, unchanged. @default the first page */
  readonly continuationToken?: string;
}

export interface PutFileOptions extends StorePathOptions {
  /** The whole file. May be empty. */
  readonly content: Bytes;
}

export type CopyFlag = "Echo" | "Overwrite";

export interface CopyContentOptions extends OperationOptions {
  /** The file or folder to copy. A folder must hold its mark file `_.dir`. */
  readonly source: string;
  readonly destination: string;
  /** Names of files to leave out, in any folder and any case. */
  readonly skipFiles?: readonly string[];
  /**
   * `Overwrite` deletes the destination first; `Echo` leaves a destination alone that has its mark file.
   * @default "Overwrite", applied by the server
   */
  readonly copyFlag?: CopyFlag;
  /** Documented, but no server is known to read it (protocol §1.5). */
  readonly checkMarkFile?: boolean;
}

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

export function contentOperations(http: Transport, platform: GatewayPlatform | undefined): ContentOperations {
  const getContentPage = (options: ContentPageOptions = {}) =>
    options.storePath === undefined ? rootPage(http, options) : folderPage(http, options.storePath, options);
  return {
    getContentPage,

    listContent: (options = {}) => listEntries((token) => getContentPage({ ...options, ...token })),

    async putFile(options) {
      const { path, apiVersion, body } = operations.UploadFile;
      byteLength("content", options.content);
      const query = { ...timeoutQuery(options), "api-version": apiVersion };
      expectNoContent(
        await http.PUT(path, {
          params: { path: { contentPath: options.storePath }, query },
          ...sendBytes(options.content, body.contentType),
          ...requestOptions(options),
        }),
      );
    },

    async deleteContent(options) {
      const { path, apiVersion } = operations.DeleteImageStoreContent;
      const query = { ...timeoutQuery(options), "api-version": apiVersion };
      const params = { path: { contentPath: options.storePath }, query };
      expectNoContent(await http.DELETE(path, { params, ...requestOptions(options) }));
    },

    async copyContent(options) {
      const { path, apiVersion } = operations.CopyImageStoreContent;
      const query = { ...timeoutQuery(options), "api-version": apiVersion };
      const body = copyDescription(options, platform);
      expectNoContent(await http.POST(path, { params: { query }, body, ...requestOptions(options) }));
    },

    async getFolderSize(options = {}) {
      return options.storePath === undefined
        ? rootFolderSize(http, options)
        : folderSize(http, options.storePath, options);
    },

    async getImageStoreInfo(options = {}) {
      const { path, apiVersion } = operations.GetImageStoreInfo;
      const query = { ...timeoutQuery(options), "api-version": apiVersion };
      const answer = await http.GET(path, { params: { query }, ...requestOptions(options) });
      return decodeAnswer(answer, decodeImageStoreInfo);
    },
  };
}

async function rootPage(http: Transport, options: ContentPageOptions): Promise<ContentPage> {
  const { path, apiVersion } = operations.GetImageStoreRootContent;
  const query = { ...timeoutQuery(options), ...tokenQuery(options), "api-version": apiVersion };
  try {
    const answer = await http.GET(path, { params: { query }, ...requestOptions(options) });
    return decodeAnswer(answer, (data) => decodeContentPage(data, options.continuationToken));
  } catch (error) {
    // A store without any content answers as if the root did not exist (protocol §1.3).
    if (isFabricError(error) && error.code === "FABRIC_E_NAME_DOES_NOT_EXIST") return emptyPage;
    throw error;
  }
}

async function folderPage(
  http: Transport,
  storePath: string,
  options: ContentPageOptions,
): Promise<ContentPage> {
  const { path, apiVersion } = operations.GetImageStoreContent;
  const query = { ...timeoutQuery(options), ...tokenQuery(options), "api-version": apiVersion };
  const answer = await http.GET(path, {
    params: { path: { contentPath: storePath }, query },
    ...requestOptions(options),
  });
  return decodeAnswerIfAny(answer, (data) => decodeContentPage(data, options.continuationToken)) ?? emptyPage;
}

async function rootFolderSize(http: Transport, options: FolderOptions): Promise<FolderSize> {
  const { path, apiVersion } = operations.GetImageStoreRootFolderSize;
  const query = { ...timeoutQuery(options), "api-version": apiVersion };
  return decodeAnswer(
    await http.GET(path, { params: { query }, ...requestOptions(options) }),
    decodeFolderSize,
  );
}

async function folderSize(http: Transport, storePath: string, options: FolderOptions): Promise<FolderSize> {
  const { path, apiVersion } = operations.GetImageStoreFolderSize;
  const query = { ...timeoutQuery(options), "api-version": apiVersion };
  const params = { path: { contentPath: storePath }, query };
  return decodeAnswer(await http.GET(path, { params, ...requestOptions(options) }), decodeFolderSize);
}

function tokenQuery({ continuationToken }: ContentPageOptions): { ContinuationToken?: string } {
  return continuationToken === undefined ? {} : { ContinuationToken: continuationToken };
}

function copyDescription(
  { source, destination, skipFiles, copyFlag, checkMarkFile }: CopyContentOptions,
  platform: GatewayPlatform | undefined,
): Schemas["ImageStoreCopyDescription"] {
  return {
    RemoteSource: nativeStorePath("source", source, platform),
    RemoteDestination: nativeStorePath("destination", destination, platform),
    ...(skipFiles === undefined ? {} : { SkipFiles: [...skipFiles] }),
    ...(copyFlag === undefined ? {} : { CopyFlag: copyFlag }),
    ...(checkMarkFile === undefined ? {} : { CheckMarkFile: checkMarkFile }),
  };
}
