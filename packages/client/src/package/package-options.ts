import { InvalidInputError } from "../errors/errors.js";
import type { ByteSource } from "../upload/byte-source.js";
import {
  requireBoolean,
  type TransferOptions,
  type TransferSettings,
  transferOptionNames,
  transferSettings,
  verifyOptionNames,
} from "../upload/upload-options.js";
import { requireStorePath } from "../wire/store-path.js";
import type { OptionNames } from "../wire/validation.js";

/** Options of `uploadPackage`. */
export interface UploadPackageOptions extends TransferOptions {
  /** The store path of the package, with `/` as separator. @default the name of the directory, for a directory */
  readonly destination?: string;
  /**
   * Replace existing content. The client deletes a complete package (one with its mark file) before it sends anything. From an
   * interrupted upload, it keeps the files that belong to the package and deletes the rest. With `allowUnexpected`, it deletes
   * only the mark file, until the package is complete again. @default false
   */
  readonly replace?: boolean;
  /** Keep files and folders at the destination that are not in the package. @default false */
  readonly allowUnexpected?: boolean;
  /**
   * Compare the store's listing with the names and sizes of the package before folders are marked as complete, and again with
   * the mark files. @default true
   */
  readonly verify?: boolean;
  /**
   * A complete package in the store. The server copies the files that are the same in this one, and the client sends only the
   * rest. Requires `verify` and the fingerprint `"content"`. Stores in a folder ignore it. @default none
   */
  readonly base?: PackageBase;
}

/** A complete package in the store, and the content that was uploaded there. */
export interface PackageBase {
  readonly storePath: string;
  /**
   * What was uploaded to `storePath`. A receipt must prove that the store still has exactly this content, because the API cannot
   * read files back. With `./node`, also the path or `file:` URL of the directory.
   */
  readonly content: PackageContent;
}

/** The result of `uploadPackage`. */
export interface UploadedPackage {
  readonly storePath: string;
  /** The number of files in the package, without mark files. */
  readonly files: number;
  /** The number of folders marked as complete, including the package itself. */
  readonly folders: number;
  /** The size of all files in bytes. */
  readonly totalBytes: number;
  /** The number of bytes sent in this run. */
  readonly sentBytes: number;
  /** The number of bytes that the server already had and that were not sent. */
  readonly resumedBytes: number;
  /** The number of files that the server copied from the package `base`, and that were not sent. */
  readonly copiedFiles: number;
  /** The size of these files in bytes. */
  readonly copiedBytes: number;
  /** The number of files and folders deleted because of `replace`: an existing package counts as one. */
  readonly deletedPaths: number;
  /** The number of sessions that could not be deleted. The server deletes them after about 30 minutes. */
  readonly sessionsLeft: number;
  /** Whether the store already had the complete package with the same content, so that nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the new receipt, if any; see the option `receipt`. */
  readonly receipt: string | undefined;
  /** Why the receipt could not be written. The package is in the store nevertheless. */
  readonly receiptFailure: Error | undefined;
}

/** Options of `verifyPackage`. */
export interface VerifyPackageOptions
  extends Pick<TransferOptions, "concurrency" | "retryOptions" | "timeoutMs" | "abortSignal"> {
  /** Ignore files and folders that are not in the package. @default false */
  readonly allowUnexpected?: boolean;
}

export const uploadPackageOptionNames: OptionNames<UploadPackageOptions> = {
  ...transferOptionNames,
  ...{ destination: true, replace: true, allowUnexpected: true, verify: true, base: true },
};

export const verifyPackageOptionNames: OptionNames<VerifyPackageOptions> = {
  ...verifyOptionNames,
  allowUnexpected: true,
};

/** Validated options with defaults. */
export interface PackageSettings extends TransferSettings {
  readonly replace: boolean;
  readonly allowUnexpected: boolean;
  readonly verify: boolean;
  readonly base: PackageBase | undefined;
}

/** Throws InvalidInputError for the first invalid option. */
export function packageSettings(options: UploadPackageOptions): PackageSettings {
  const { replace = false, allowUnexpected = false, verify = true } = options;
  for (const [option, value] of Object.entries({ replace, allowUnexpected, verify })) {
    requireBoolean(option, value);
  }
  const settings = transferSettings(options);
  const { base } = options;
  if (base !== undefined) requireBase(base, settings, verify);
  return { ...settings, replace, allowUnexpected, verify, base };
}

function requireBase(base: PackageBase, { fingerprint }: TransferSettings, verify: boolean): void {
  if (typeof base !== "object" || base === null || typeof base.content !== "object" || base.content === null)
    throw new InvalidInputError("base", "must have a storePath and a content");
  requireStorePath("base", base.storePath, true);
  if (!verify)
    throw new InvalidInputError("base", "requires verify, because only the listing can prove a copy");
  if (fingerprint === "content") return;
  throw new InvalidInputError(
    "base",
    'requires the fingerprint "content", which is compared with the old content',
  );
}

/** A source that may have to be closed, such as an open file. */
export interface ClosableSource extends ByteSource {
  close?(): Promise<void>;
}

/** The content of a file in a package. A browser's `File` is a Blob. */
export type PackageSource = Blob | Uint8Array | ClosableSource;

/** One file of a package. */
export interface PackageFile {
  /** The path from the package, with `/` as separator. */
  readonly relativePath: string;
  /** The size in bytes. */
  readonly size: number;
  /** Opens the file. At most `concurrency` files are open at a time (64 with `"auto"`); the client closes each one. */
  open(): Promise<PackageSource>;
}

/** The files and folders of a package. */
export interface PackageContent {
  readonly files: readonly PackageFile[];
  /** The paths of folders to mark. Only empty folders have to be listed. */
  readonly folders?: readonly string[];
}

/** The parent folders of a path, outermost first, without the root. */
export function foldersAbove(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
