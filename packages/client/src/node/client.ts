import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { untilAborted } from "../async/clock.js";
import { createImageStoreClient as createCoreClient, type ImageStoreClient } from "../client.js";
import { InvalidInputError } from "../errors/errors.js";
import { type ClientOptions, requireClientOptions } from "../http/options.js";
import {
  type PackageContent,
  type UploadPackageOptions,
  uploadPackageOptionNames,
  type VerifyPackageOptions,
} from "../package/package-options.js";
import type { PackageOperations } from "../package/packages.js";
import type { UploadedPackage } from "../package/upload-package.js";
import type { UploadSource } from "../upload/byte-source.js";
import type { UploadedFile, UploadFileOptions, Verified, VerifyOptions } from "../upload/upload-options.js";
import type { UploadOperations } from "../upload/uploads.js";
import { requireOptions } from "../wire/validation.js";
import { createNodeFetch } from "./fetch/create-node-fetch.js";
import { openFile, walkDirectory } from "./package-files.js";

/** The image store of one cluster, with files and directories of this machine. All else is as in ImageStoreClient. */
export interface NodeImageStoreClient extends Omit<ImageStoreClient, keyof LocalUploads>, LocalUploads {}

/** Uploads of files and directories of this machine. */
export interface LocalUploads {
  /**
   * Brings a file into the store.
   * @param source Also the path of a file, or its `file:` URL. Of any size; changed meanwhile, it ends in an UploadError.
   */
  uploadFile(
    storePath: string,
    source: UploadSource | string | URL,
    options?: UploadFileOptions,
  ): Promise<UploadedFile>;

  /**
   * Brings a directory into the store, with all that is in it: empty folders too, mark files excepted. Symbolic links,
   * sockets, pipes, devices and what cannot be read are refused, all at once, before anything is sent.
   * @param directory Its path, or its `file:` URL; or what a package consists of, and then `destination` is required.
   */
  uploadPackage(
    directory: string | URL | PackageContent,
    options?: UploadPackageOptions,
  ): Promise<UploadedPackage>;

  /** Compares a file in the store with one of this machine, by its path or `file:` URL. See ImageStoreClient. */
  verifyFile(
    storePath: string,
    source: UploadSource | string | URL,
    options?: VerifyOptions,
  ): Promise<Verified>;

  /** Compares what is in the store with a directory. See ImageStoreClient. */
  verifyPackage(
    directory: string | URL | PackageContent,
    destination: string,
    options?: VerifyPackageOptions,
  ): Promise<Verified>;
}

/**
 * Makes a client whose `fetch` is that of `createNodeFetch` if none is given. Sends nothing yet. Throws InvalidInputError
 * for options that cannot work.
 */
export function createImageStoreClient(options: ClientOptions): NodeImageStoreClient {
  requireClientOptions(options);
  const client = createCoreClient({ ...options, fetch: options.fetch ?? createNodeFetch() });
  return { ...client, ...localUploads(client) };
}

/** Uploads of files and directories of this machine, by a client that takes their contents. */
export function localUploads(client: UploadOperations & PackageOperations): LocalUploads {
  return {
    async uploadFile(storePath, source, options) {
      if (!isPath(source)) return client.uploadFile(storePath, source, options);
      return withFile(source, (file) => client.uploadFile(storePath, file, options));
    },

    async verifyFile(storePath, source, options) {
      if (!isPath(source)) return client.verifyFile(storePath, source, options);
      return withFile(source, (file) => client.verifyFile(storePath, file, options));
    },

    async uploadPackage(directory, options = {}) {
      requireOptions("uploadPackage", options, uploadPackageOptionNames);
      if (!isPath(directory)) {
        const { destination = "" } = options;
        return client.uploadPackage(directory, { ...options, destination });
      }
      const path = resolve(pathOf("directory", directory));
      const { destination = basename(path) } = options;
      const content = await contentOf(path, options.abortSignal);
      return client.uploadPackage(content, { ...options, destination });
    },

    async verifyPackage(directory, destination, options) {
      const content = isPath(directory)
        ? await contentOf(pathOf("directory", directory), options?.abortSignal)
        : directory;
      return client.verifyPackage(content, destination, options);
    },
  };
}

async function withFile<Value>(
  path: string | URL,
  use: (file: UploadSource) => Promise<Value>,
): Promise<Value> {
  const file = await openFile(pathOf("source", path));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** What is in a directory. Nothing once the signal is aborted: whatever is done with it then ends before it begins. */
async function contentOf(directory: string, abortSignal?: AbortSignal): Promise<PackageContent> {
  if (abortSignal === undefined) return walkDirectory(directory);
  try {
    return await untilAborted(abortSignal, walkDirectory(directory, abortSignal));
  } catch (error) {
    if (abortSignal.aborted) return { files: [] };
    throw error;
  }
}

function isPath(value: unknown): value is string | URL {
  return typeof value === "string" || value instanceof URL;
}

function pathOf(parameter: string, path: string | URL): string {
  if (typeof path === "string") return path;
  try {
    return fileURLToPath(path);
  } catch (cause) {
    throw new InvalidInputError(parameter, "must be a path or a file: URL of this machine", { cause });
  }
}
