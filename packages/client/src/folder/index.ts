/** An image store in a folder, for development clusters without an image store service. Requires Node.js. */

import { createWriteStream } from "node:fs";
import { stat, statfs, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { isReservedFolder } from "@sf-image-store/types";
import { systemClock } from "../async/clock.js";
import { InvalidInputError, isInvalidInputError } from "../errors/errors.js";
import { type OnSent, operationOptionNames, storePathOptionNames } from "../http/options.js";
import { type LocalUploads, localUploads } from "../node/client.js";
import { type CopyContentOptions, listEntries } from "../operations/content.js";
import { copyDescription, copyOptionNames } from "../operations/copy-content.js";
import {
  type ContentOperations,
  folderOptionNames,
  pageOptionNames,
} from "../operations/store-operations.js";
import { putFileOptionNames } from "../operations/write-operations.js";
import { type PackageOperations, packageOperations } from "../package/packages.js";
import type { StoreOperations } from "../upload/upload-server.js";
import { type UploadOperations, uploadOperations } from "../upload/uploads.js";
import type { ByteStream } from "../wire/bytes.js";
import { type GatewayPlatform, requireStorePath } from "../wire/store-path.js";
import { type OptionNames, requireOptions } from "../wire/validation.js";
import { listFolder, safePath, sizeOfFolder } from "./folder-files.js";
import { copyInFolder, hasSameContent, removeStaged, writeStaged } from "./folder-writes.js";

/** An operation on the folder of the image store failed. */
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
 * Opens a folder as an image store. Throws FolderError if the folder does not exist. Does not create it, because the cluster
 * would not use it.
 * @param onChange Called when the content of the folder may have changed.
 */
export async function openFolder(folder: string, onChange = () => {}): Promise<StoreClient> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      throw new FolderError(`The image store folder ${folder} cannot be used from here`, error);
    },
  );
  if (!isFolder) throw new FolderError(`The image store ${folder} cannot be used`, new Error("not a folder"));
  const backend = withChangeNotice(createFolderBackend(folder), onChange);
  return createStoreClient(backend, process.platform === "win32" ? "windows" : "linux");
}

function withChangeNotice(backend: StoreBackend, onChange: () => void): StoreBackend {
  const notifying =
    <Options>(change: (options: Options) => Promise<void>) =>
    async (options: Options): Promise<void> => {
      try {
        await change(options);
      } catch (error) {
        // Invalid input changes nothing.
        if (!isInvalidInputError(error)) onChange();
        throw error;
      }
      onChange();
    };
  return {
    ...backend,
    putFile: notifying(backend.putFile),
    putStream: notifying(backend.putStream),
    deleteContent: notifying(backend.deleteContent),
    copyContent: notifying(backend.copyContent),
  };
}

/** An image store in a folder, as in development clusters. */
function createFolderBackend(root: string): StoreBackend {
  const describe = (what: string) => `${what} in the image store ${root} failed`;
  return {
    getContentPage: ({ storePath, abortSignal } = {}) =>
      inFolder(describe(`Listing ${storePath ?? "the root"}`), abortSignal, () =>
        listFolder(root, storePath),
      ),

    putFile: ({ storePath, content, abortSignal }) =>
      inFolder(describe(`Writing ${storePath}`), abortSignal, async () => {
        const bytes = content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content;
        const path = await safePath(root, storePath);
        await writeStaged(root, path, (unfinished) =>
          writeFile(unfinished, bytes, signalOption(abortSignal)),
        );
      }),

    putStream: ({ storePath, content, abortSignal, onSent }) =>
      inFolder(describe(`Writing ${storePath}`), abortSignal, async () => {
        const path = await safePath(root, storePath);
        await writeStaged(root, path, (unfinished) =>
          pipeline(chunksOf(content, onSent), createWriteStream(unfinished), signalOption(abortSignal)),
        );
      }),

    holdsContent: ({ storePath, source, abortSignal = new AbortController().signal }) =>
      inFolder(describe(`Reading ${storePath}`), abortSignal, async () =>
        hasSameContent(await safePath(root, storePath), source, abortSignal),
      ),

    deleteContent: ({ storePath, abortSignal }) =>
      inFolder(describe(`Deleting ${storePath}`), abortSignal, async () => {
        if (isReservedFolder(storePath)) {
          throw new InvalidInputError(
            "storePath",
            `must not be ${storePath}, which is reserved for the cluster`,
          );
        }
        await removeStaged(root, await safePath(root, storePath));
      }),

    copyContent: (options) =>
      inFolder(describe(`Copying ${options.source}`), options.abortSignal, () => copyInFolder(root, options)),

    getFolderSize: ({ storePath, abortSignal } = {}) =>
      inFolder(describe(`Reading ${storePath ?? "the root"}`), abortSignal, () =>
        sizeOfFolder(root, storePath),
      ),

    getImageStoreInfo: ({ abortSignal } = {}) =>
      inFolder(describe("Reading the disk"), abortSignal, async () => {
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

function signalOption(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** @param onSent May return a promise that the rest of the content waits for. */
async function* chunksOf(content: ByteStream, onSent?: OnSent): AsyncGenerator<Uint8Array> {
  const reader = content.stream().getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      yield part.value;
      await onSent?.(part.value.byteLength);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** The operations of an image store without a gateway, such as a folder. */
export interface StoreBackend
  extends Pick<
      ContentOperations,
      "getContentPage" | "putFile" | "deleteContent" | "copyContent" | "getFolderSize" | "getImageStoreInfo"
    >,
    Pick<StoreOperations, "putStream" | "holdsContent"> {}

/** The operations that every image store supports, including uploads of local files and directories. */
export interface StoreClient
  extends ContentOperations,
    Omit<UploadOperations & PackageOperations, keyof LocalUploads>,
    LocalUploads {}

/**
 * Uploads, checks and verification for a store without a gateway. Sends whole files without sessions. If the backend can compare
 * content, it does not send files that the store already has. Validates store paths before it calls the backend.
 * @param platform Which names the store supports: `windows` ignores case.
 */
export function createStoreClient(backend: StoreBackend, platform: GatewayPlatform): StoreClient {
  const environment = {
    operations: { ...backend, ...noSessions },
    gateway: { hasSessions: false, hasAnswered: true, rejectedSize: undefined },
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

/** Runs `work` and turns system errors into FolderErrors. */
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
