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

/** How to upload a package. */
export interface UploadPackageOptions extends TransferOptions {
  /** Store path of the package, names joined by `/`. @default the name of the directory, where there is one */
  readonly destination?: string;
  /**
   * Take the place of what is there. A complete package, one with its mark, is deleted before anything is sent; of an
   * interrupted upload that stays which belongs to the package, and the rest is deleted. With `allowUnexpected`, nothing is
   * deleted but the mark, until the package is complete again. @default false
   */
  readonly replace?: boolean;
  /** Leave files and folders alone that are at the destination and not in the package. @default false */
  readonly allowUnexpected?: boolean;
  /**
   * Compare the store's listing with the package, names and sizes, before folders are marked as complete, and again with
   * their marks. @default true
   */
  readonly verify?: boolean;
}

/** How to compare a package with the store. */
export interface VerifyPackageOptions
  extends Pick<TransferOptions, "concurrency" | "retryOptions" | "timeoutMs" | "abortSignal"> {
  /** Files and folders that are not in the package are no difference. @default false */
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

/** Options that are checked and complete. */
export interface PackageSettings extends TransferSettings {
  readonly replace: boolean;
  readonly allowUnexpected: boolean;
  readonly verify: boolean;
}

/** Throws InvalidInputError for the first option that cannot be used. */
export function packageSettings(options: UploadPackageOptions): PackageSettings {
  const { replace = false, allowUnexpected = false, verify = true } = options;
  for (const [option, value] of Object.entries({ replace, allowUnexpected, verify })) {
    if (typeof value !== "boolean") throw new InvalidInputError(option, "must be true or false");
  }
  return { ...transferSettings(options), replace, allowUnexpected, verify };
}

/** A source that may hold something open, such as a file, until it is closed. */
export interface ClosableSource extends ByteSource {
  close?(): Promise<void>;
}

/** What a file of a package may come from. A browser's `File` is a Blob. */
export type PackageSource = Blob | Uint8Array | ClosableSource;

/** One file of a package. */
export interface PackageFile {
  /** Names joined by `/`, counted from the package. */
  readonly relativePath: string;
  /** In bytes. */
  readonly size: number;
  /** Called when it is the file's turn. As many files are open at a time as `concurrency` says; each is closed again. */
  open(): Promise<PackageSource>;
}

/** What a package consists of. */
export interface PackageContent {
  readonly files: readonly PackageFile[];
  /** Folders to mark, named as files are. Those that hold files need not be listed, nor the package itself. */
  readonly folders?: readonly string[];
}

/** The name of mark files: a folder whose mark is there is complete. */
export const markName = "_.dir";

/** The folders that lead to a path, outermost first, without the root. */
export function foldersAbove(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
