import type { ContentOperations } from "./content-operations.js";
import { type CopyContentOptions, copyDescription } from "./copy.js";
import { listEntries } from "./listing.js";
import { type PackageOperations, packageOperations } from "./packages.js";
import type { GatewayPlatform } from "./store-path.js";
import { requireStorePath } from "./store-path.js";
import { systemClock } from "./upload/clock.js";
import type { StoreOperations } from "./upload/upload-server.js";
import { type UploadOperations, uploadOperations } from "./uploads.js";

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
    getImageStoreInfo: (options) => backend.getImageStoreInfo(options),
    getContentPage: async (options = {}) => backend.getContentPage(checked(options)),
    listContent: (options = {}) =>
      listEntries(() => backend.getContentPage(checked(options)), options.abortSignal),
    putFile: async (options) => backend.putFile(checked(options)),
    deleteContent: async (options) => backend.deleteContent(checked(options)),
    getFolderSize: async (options = {}) => backend.getFolderSize(checked(options)),
    async copyContent(options) {
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

function checked<Options extends { readonly storePath?: string }>(options: Options): Options {
  if (options.storePath !== undefined) requireStorePath("storePath", options.storePath, true);
  return options;
}

function requireCopy(options: CopyContentOptions, platform: GatewayPlatform): void {
  copyDescription(options, platform);
}
