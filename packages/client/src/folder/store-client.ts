import { systemClock } from "../async/clock.js";
import { operationOptionNames, storePathOptionNames } from "../http/options.js";
import type { CopyContentOptions } from "../operations/content.js";
import { listEntries } from "../operations/content.js";
import {
  type ContentOperations,
  folderOptionNames,
  pageOptionNames,
} from "../operations/store-operations.js";
import { copyDescription, copyOptionNames, putFileOptionNames } from "../operations/write-operations.js";
import { type PackageOperations, packageOperations } from "../package/packages.js";
import type { StoreOperations } from "../upload/upload-server.js";
import { type UploadOperations, uploadOperations } from "../upload/uploads.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { requireStorePath } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";

/** An image store that is no service of a cluster, such as a folder: the requests, for which there is no gateway. */
export interface StoreBackend
  extends Pick<
      ContentOperations,
      "getContentPage" | "putFile" | "deleteContent" | "copyContent" | "getFolderSize" | "getImageStoreInfo"
    >,
    Pick<StoreOperations, "putStream" | "holdsContent"> {}

/** What can be done with every image store. */
export interface StoreClient extends ContentOperations, UploadOperations, PackageOperations {}

/**
 * The same uploads, checks and verification for a store without a gateway. Files go there whole, one by one; where the
 * backend can compare, what is there with the same content is not sent again. Store paths are checked before it is called.
 * @param platform Whose names it can keep: `windows` does not tell case apart.
 */
export function createStoreClient(backend: StoreBackend, platform: GatewayPlatform): StoreClient {
  const environment = {
    operations: { ...backend, ...noSessions },
    gateway: { hasSessions: false, hasAnswered: true, refusedSize: undefined },
    clock: systemClock,
    random: Math.random,
  };
  return {
    ...uploadOperations(environment, platform),
    ...packageOperations(environment, platform),
    async getImageStoreInfo(options = {}) {
      requireOptions("getImageStoreInfo", options, operationOptionNames);
      return backend.getImageStoreInfo(options);
    },
    getContentPage: async (options = {}) =>
      backend.getContentPage(checked("getContentPage", options, pageOptionNames)),
    listContent(options = {}) {
      checked("listContent", options, folderOptionNames);
      return listEntries(() => backend.getContentPage(options), options.abortSignal);
    },
    putFile: async (options) => backend.putFile(checked("putFile", options, putFileOptionNames)),
    deleteContent: async (options) =>
      backend.deleteContent(checked("deleteContent", options, storePathOptionNames)),
    getFolderSize: async (options = {}) =>
      backend.getFolderSize(checked("getFolderSize", options, folderOptionNames)),
    async copyContent(options) {
      requireOptions("copyContent", options, copyOptionNames);
      requireCopy(options, platform);
      await backend.copyContent(options);
    },
  };
}

const noSessions = {
  getUploadSession: refuseSession,
  uploadFileChunk: refuseSession,
  commitUploadSession: refuseSession,
  deleteUploadSession: refuseSession,
};

async function refuseSession(): Promise<never> {
  throw new Error("This image store has no upload sessions");
}

function checked<Options extends { readonly storePath?: string }>(
  method: string,
  options: Options,
  names: OptionNames<Options>,
): Options {
  requireOptions(method, options, names);
  if (options.storePath !== undefined) requireStorePath("storePath", options.storePath, true);
  return options;
}

function requireCopy(options: CopyContentOptions, platform: GatewayPlatform): void {
  copyDescription(options, platform);
}
