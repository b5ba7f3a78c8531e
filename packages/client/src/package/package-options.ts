import { InvalidInputError } from "../errors/errors.js";
import type { ByteSource } from "../upload/byte-source.js";
import {
  type TransferOptions,
  type TransferSettings,
  transferOptionNames,
  transferSettings,
  verifyOptionNames,
} from "../upload/upload-options.js";
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
}

/** Options of `verifyPackage`. */
export interface VerifyPackageOptions
  extends Pick<TransferOptions, "concurrency" | "retryOptions" | "timeoutMs" | "abortSignal"> {
  /** Ignore files and folders that are not in the package. @default false */
  readonly allowUnexpected?: boolean;
}

export const uploadPackageOptionNames: OptionNames<UploadPackageOptions> = {
  ...transferOptionNames,
  ...{ destination: true, replace: true, allowUnexpected: true, verify: true },
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
}

/** Throws InvalidInputError for the first invalid option. */
export function packageSettings(options: UploadPackageOptions): PackageSettings {
  const { replace = false, allowUnexpected = false, verify = true } = options;
  for (const [option, value] of Object.entries({ replace, allowUnexpected, verify })) {
    if (typeof value !== "boolean") throw new InvalidInputError(option, "must be true or false");
  }
  return { ...transferSettings(options), replace, allowUnexpected, verify };
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

/** The name of mark files. A folder with a mark file is complete. */
export const markName = "_.dir";

/** The parent folders of a path, outermost first, without the root. */
export function foldersAbove(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
