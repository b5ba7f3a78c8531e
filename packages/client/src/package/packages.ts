import type { CopyContentOptions } from "../operations/content.js";
import type { Verified } from "../upload/upload-options.js";
import type { UploadEnvironment } from "../upload/upload-run.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import type { Copied } from "./copy-tree.js";
import type { PackageContent, UploadPackageOptions, VerifyPackageOptions } from "./package-options.js";
import type { UploadedPackage } from "./upload-package.js";

/** Whole application packages, and any other folder that shall be there completely or not at all. */
export interface PackageOperations {
  /**
   * Brings a package into the store: all files, verified by listing; then the mark of every folder, the package's own last,
   * so that nobody takes a part for the whole; verified again. Several files and chunks are under way at a time.
   *
   * Started again after whatever ended it, the same upload goes on where it was: sessions are kept until the package is
   * complete. (Files up to `maxSingleShotSize` have none and are sent again.)
   *
   * Rejects with InvalidInputError before anything is sent: for all names at once that a server would store as others,
   * two that differ in case only on Windows among them; and for a destination that holds a complete package, without
   * `replace`. Rejects with VerificationError and all differences when the store does not show the package, or shows
   * more; with UploadError, of the first file that failed and with totals of the package, for all else.
   */
  uploadPackage(
    content: PackageContent,
    options: UploadPackageOptions & { readonly destination: string },
  ): Promise<UploadedPackage>;

  /**
   * Compares what is in the store with a package: names, sizes, the marks of all folders and, where a receipt allows it, the
   * content. What is missing is looked for again for some seconds, as listings hide files while they are replaced. Rejects
   * with VerificationError and all differences; with SourceError when a file of the package cannot be read; with
   * InvalidInputError for names that could not have been uploaded; with errors of requests when no answer can be had.
   */
  verifyPackage(
    content: PackageContent,
    destination: string,
    options?: VerifyPackageOptions,
  ): Promise<Verified>;

  /**
   * Copies inside the image store as `copyContent` does, and resolves when the listing shows every file at the destination,
   * with its size and written by this copy. Rejects with VerificationError when it does not. What `copyContent` answers
   * proves nothing: a server that finds a file at the destination may count it as copied (protocol §1.5).
   */
  copyAndVerify(options: CopyContentOptions): Promise<Copied>;
}

/** As with single files, the first call loads what does it. */
export function packageOperations(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
): PackageOperations {
  return {
    async uploadPackage(content, options) {
      const { uploadContent } = await import("./upload-package.js");
      return uploadContent(environment, platform, content, options);
    },

    async verifyPackage(content, destination, options = {}) {
      const { verifyContent } = await import("./upload-package.js");
      return verifyContent(environment, platform, content, destination, options);
    },

    async copyAndVerify(options) {
      const { copyTree } = await import("./upload-package.js");
      return copyTree(environment, platform, options);
    },
  };
}
