/** An image store that is a folder, for development clusters without an image store service. Needs Node.js. */

import { createWriteStream } from "node:fs";
import { stat, statfs, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { isReservedFolder } from "@sf-image-store/types";
import { systemClock } from "../async/clock.js";
import { InvalidInputError, isInvalidInputError } from "../errors/errors.js";
import { operationOptionNames, storePathOptionNames } from "../http/options.js";
import { type LocalUploads, localUploads } from "../node/client.js";
import { type CopyContentOptions, listEntries } from "../operations/content.js";
import {
  type ContentOperations,
  folderOptionNames,
  pageOptionNames,
} from "../operations/store-operations.js";
import { copyDescription, copyOptionNames, putFileOptionNames } from "../operations/write-operations.js";
import { type PackageOperations, packageOperations } from "../package/packages.js";
import type { StoreOperations } from "../upload/upload-server.js";
import { type UploadOperations, uploadOperations } from "../upload/uploads.js";
import type { ByteStream } from "../wire/bytes.js";
import { type GatewayPlatform, requireStorePath } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import { listFolder, safePath, sizeOfFolder } from "./folder-files.js";
import { copyInFolder, hasSameContent, removeStaged, writeStaged } from "./folder-writes.js";

/** Something could not be done in the folder that is the image store. */
export class FolderError extends Error {
  override readonly name = "FolderError";
  /** The system's code, such as `ENOSPC`. */
  readonly code: string | undefined;

  constructor(what: string, cause: unknown) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${what}: ${reason}`, { cause });
    this.code = code;
  }
}

/**
 * Opens a folder as an image store. Throws FolderError where there is none: it is not made, as a cluster would not look there.
 * @param onChange Called when something in the folder may have changed.
 */
export async function openFolder(folder: string, onChange = () => {}): Promise<StoreClient> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      throw new FolderError(`The image store is the folder ${folder}, which cannot be used from here`, error);
    },
  );
  if (!isFolder) throw new FolderError(`The image store is ${folder}`, new Error("which is no folder"));
  const backend = noting(createFolderBackend(folder), onChange);
  return createStoreClient(backend, process.platform === "win32" ? "windows" : "linux");
}

function noting(backend: StoreBackend, onChange: () => void): StoreBackend {
  const noted =
    <Options>(change: (options: Options) => Promise<void>) =>
    async (options: Options): Promise<void> => {
      try {
        await change(options);
      } catch (error) {
        // What is refused as input has done nothing.
        if (!isInvalidInputError(error)) onChange();
        throw error;
      }
      onChange();
    };
  return {
    ...backend,
    putFile: noted(backend.putFile),
    putStream: noted(backend.putStream),
    deleteContent: noted(backend.deleteContent),
    copyContent: noted(backend.copyContent),
  };
}

/** An image store that is a folder, as development clusters have it. */
function createFolderBackend(root: string): StoreBackend {
  const isAt = (what: string) => `${what} in the image store ${root} failed`;
  return {
    getContentPage: ({ storePath, abortSignal } = {}) =>
      inFolder(isAt(`Listing ${storePath ?? "the root"}`), abortSignal, () => listFolder(root, storePath)),

    putFile: ({ storePath, content, abortSignal }) =>
      inFolder(isAt(`Writing ${storePath}`), abortSignal, async () => {
        const bytes = content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content;
        const path = await safePath(root, storePath);
        await writeStaged(root, path, (unfinished) => writeFile(unfinished, bytes, stopping(abortSignal)));
      }),

    putStream: ({ storePath, content, abortSignal }) =>
      inFolder(isAt(`Writing ${storePath}`), abortSignal, async () => {
        const path = await safePath(root, storePath);
        await writeStaged(root, path, (unfinished) =>
          pipeline(chunksOf(content), createWriteStream(unfinished), stopping(abortSignal)),
        );
      }),

    holdsContent: ({ storePath, source, abortSignal = new AbortController().signal }) =>
      inFolder(isAt(`Reading ${storePath}`), abortSignal, async () =>
        hasSameContent(await safePath(root, storePath), source, abortSignal),
      ),

    deleteContent: ({ storePath, abortSignal }) =>
      inFolder(isAt(`Deleting ${storePath}`), abortSignal, async () => {
        if (isReservedFolder(storePath)) {
          throw new InvalidInputError(
            "storePath",
            `must not be ${storePath}, which the cluster keeps for itself`,
          );
        }
        await removeStaged(root, await safePath(root, storePath));
      }),

    copyContent: (options) =>
      inFolder(isAt(`Copying ${options.source}`), options.abortSignal, () => copyInFolder(root, options)),

    getFolderSize: ({ storePath, abortSignal } = {}) =>
      inFolder(isAt(`Reading ${storePath ?? "the root"}`), abortSignal, () => sizeOfFolder(root, storePath)),

    getImageStoreInfo: ({ abortSignal } = {}) =>
      inFolder(isAt("Reading the disk"), abortSignal, async () => {
        const { bsize, blocks, bavail } = await statfs(root);
        const diskInfo = { capacity: blocks * bsize, availableSpace: bavail * bsize };
        const unknown = undefined;
        return {
          diskInfo,
          usedByMetadata: unknown,
          usedByStaging: unknown,
          usedByCopy: unknown,
          usedByRegister: unknown,
        };
      }),
  };
}

function stopping(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function* chunksOf(content: ByteStream): AsyncGenerator<Uint8Array> {
  const reader = content.stream().getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** An image store that is no service of a cluster, such as a folder: the requests, for which there is no gateway. */
export interface StoreBackend
  extends Pick<
      ContentOperations,
      "getContentPage" | "putFile" | "deleteContent" | "copyContent" | "getFolderSize" | "getImageStoreInfo"
    >,
    Pick<StoreOperations, "putStream" | "holdsContent"> {}

/** What can be done with every image store, with files and directories of this machine. */
export interface StoreClient
  extends ContentOperations,
    Omit<UploadOperations & PackageOperations, keyof LocalUploads>,
    LocalUploads {}

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
  const uploads = { ...uploadOperations(environment, platform), ...packageOperations(environment, platform) };
  return {
    ...uploads,
    ...localUploads(uploads),
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

/** Says on what it failed, unless it was stopped. */
async function inFolder<Value>(
  what: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    signal?.throwIfAborted();
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw new FolderError(what, error);
  }
}
