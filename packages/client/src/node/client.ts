import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { autoLevel } from "../async/auto-level.js";
import { untilAborted } from "../async/clock.js";
import { createClient, type ImageStoreClient } from "../client.js";
import { InvalidInputError } from "../errors/errors.js";
import { type ClientOptions, requireClientOptions } from "../http/options.js";
import type { UnchangedFiles } from "../package/base.js";
import type { UploadedPackage } from "../package/package-options.js";
import {
  type PackageBase,
  type PackageContent,
  type UploadPackageOptions,
  uploadPackageOptionNames,
  type VerifyPackageOptions,
} from "../package/package-options.js";
import type { PackageOperations } from "../package/packages.js";
import type { UploadSource } from "../upload/byte-source.js";
import type { UploadedFile, UploadFileOptions, Verified, VerifyOptions } from "../upload/upload-options.js";
import type { UploadOperations } from "../upload/uploads.js";
import { requireOptions } from "../wire/validation.js";
import { createNodeFetch } from "./fetch/create-node-fetch.js";
import { openFile } from "./file-source.js";
import { walkDirectory } from "./package-files.js";

/** An ImageStoreClient that also uploads local files and directories. */
export interface NodeImageStoreClient extends Omit<ImageStoreClient, keyof LocalUploads>, LocalUploads {}

/** Like PackageBase. The content may also be the path or `file:` URL of the directory that was uploaded. */
export interface DirectoryBase {
  readonly storePath: string;
  readonly content: string | URL | PackageContent;
}

/** Options of `uploadPackage` for a directory. */
export interface UploadDirectoryOptions extends Omit<UploadPackageOptions, "base"> {
  /** See UploadPackageOptions. @default none */
  readonly base?: DirectoryBase;
}

/** Uploads of local files and directories. */
export interface LocalUploads {
  /**
   * Uploads a file of any size. See ImageStoreClient. Rejects with an UploadError if the file changes during the upload.
   * @param source The path or `file:` URL of a file, or any source that ImageStoreClient accepts.
   */
  uploadFile(
    storePath: string,
    source: UploadSource | string | URL,
    options?: UploadFileOptions,
  ): Promise<UploadedFile>;

  /**
   * Uploads a directory with its content, including empty folders but without mark files. Rejects with one InvalidInputError for
   * all symbolic links, sockets, pipes, devices and unreadable files before anything is sent.
   * @param directory The path or `file:` URL of a directory, or a PackageContent, which requires `destination`.
   */
  uploadPackage(
    directory: string | URL | PackageContent,
    options?: UploadDirectoryOptions,
  ): Promise<UploadedPackage>;

  /** Finds the files that `uploadPackage` would copy from `base`. See ImageStoreClient. */
  findUnchangedFiles(
    directory: string | URL | PackageContent,
    options: UploadDirectoryOptions & { readonly base: DirectoryBase },
  ): Promise<UnchangedFiles>;

  /** Compares a file in the store with a local file, given by path or `file:` URL. See ImageStoreClient. */
  verifyFile(
    storePath: string,
    source: UploadSource | string | URL,
    options?: VerifyOptions,
  ): Promise<Verified>;

  /** Compares the store with a local directory. See ImageStoreClient. */
  verifyPackage(
    directory: string | URL | PackageContent,
    destination: string,
    options?: VerifyPackageOptions,
  ): Promise<Verified>;
}

/**
 * Creates a client without sending a request. Uses `createNodeFetch` unless the options have a `fetch`. Throws
 * InvalidInputError for invalid options.
 */
export function createImageStoreClient(options: ClientOptions): NodeImageStoreClient {
  requireClientOptions(options);
  const withFetch = { ...options, fetch: options.fetch ?? createNodeFetch() };
  const client = createClient(withFetch, autoLevel);
  return { ...client, ...localUploads(client) };
}

/** Adds uploads of local files and directories to a client. */
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
      const { content, destination } = await packageOf(directory, options);
      const { base: directoryBase, ...others } = options;
      if (directoryBase === undefined) return client.uploadPackage(content, { ...others, destination });
      const base = await baseOf(directoryBase, options.abortSignal);
      return client.uploadPackage(content, { ...others, destination, base });
    },

    async findUnchangedFiles(directory, options) {
      requireOptions("findUnchangedFiles", options, uploadPackageOptionNames);
      const { content, destination } = await packageOf(directory, options);
      const base = await baseOf(options.base, options.abortSignal);
      return client.findUnchangedFiles(content, { ...options, destination, base });
    },

    async verifyPackage(directory, destination, options) {
      const content = await packageContent("directory", directory, options?.abortSignal);
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

async function packageOf(
  directory: string | URL | PackageContent,
  { destination, abortSignal }: UploadDirectoryOptions,
): Promise<{ readonly content: PackageContent; readonly destination: string }> {
  if (!isPath(directory)) return { content: directory, destination: destination ?? "" };
  const path = resolve(pathOf("directory", directory));
  return { content: await contentOf(path, abortSignal), destination: destination ?? basename(path) };
}

/** The content of a directory, or the content itself. */
export async function packageContent(
  parameter: string,
  directory: string | URL | PackageContent,
  abortSignal?: AbortSignal,
): Promise<PackageContent> {
  return isPath(directory) ? contentOf(pathOf(parameter, directory), abortSignal) : directory;
}

async function baseOf(base: DirectoryBase, abortSignal?: AbortSignal): Promise<PackageBase> {
  // JavaScript callers may pass anything; the client checks it.
  return { ...base, content: await packageContent("base", base?.content, abortSignal) };
}

/** The content of a directory. Empty after an abort; the upload then rejects because of its own signal. */
async function contentOf(directory: string, abortSignal?: AbortSignal): Promise<PackageContent> {
  if (abortSignal === undefined) return walkDirectory(directory);
  try {
    return await untilAborted(abortSignal, walkDirectory(directory, { abortSignal }));
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
    throw new InvalidInputError(parameter, "must be a path or a file: URL on this machine", { cause });
  }
}
