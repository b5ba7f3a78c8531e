import type { Verified } from "../upload/upload-options.js";
import type { UploadEnvironment } from "../upload/upload-run.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import type { UnchangedFiles } from "./base.js";
import type { Copied, CopyAndVerifyOptions } from "./copy-tree.js";
import type {
  PackageBase,
  PackageContent,
  UploadedPackage,
  UploadPackageOptions,
  VerifyPackageOptions,
} from "./package-options.js";

/** Operations on application packages, and on other folders that must be complete. */
export interface PackageOperations {
  /**
   * Uploads a package: sends all files, verifies the listing, then creates the mark file of every folder, the package's own
   * last, so that an incomplete package is never marked, and verifies again. Sends several files and chunks at a time.
   *
   * After a failure, the same call resumes the upload, because sessions are kept until the package is complete. Files up to
   * `maxSingleShotSize` have no session and are sent again.
   *
   * Rejects with InvalidInputError before anything is sent if names are not allowed (one error for all of them, including names
   * that differ only in case on Windows), or if the destination contains a complete package and `replace` is not set. Rejects
   * with VerificationError, which has all differences, if the listing does not match the package. Rejects with UploadError for
   * any other failure: it has the state of the first file that failed and the totals of the package.
   */
  uploadPackage(
    content: PackageContent,
    options: UploadPackageOptions & { readonly destination: string },
  ): Promise<UploadedPackage>;

  /**
   * Finds the files that `uploadPackage` would copy from the package `base` instead of sending them. Changes nothing. Rejects with
   * InvalidInputError if the base cannot be used, and with the other errors of `uploadPackage`.
   */
  findUnchangedFiles(
    content: PackageContent,
    options: UploadPackageOptions & { readonly destination: string; readonly base: PackageBase },
  ): Promise<UnchangedFiles>;

  /**
   * Compares the store with a package: names, sizes, the mark files of all folders and, if a receipt exists, the content. Looks
   * for missing files again for some seconds, because listings hide files while they are replaced. Rejects with
   * VerificationError, which has all differences; with SourceError if a file of the package cannot be read; with
   * InvalidInputError for names that cannot be uploaded; and with the errors of requests.
   */
  verifyPackage(
    content: PackageContent,
    destination: string,
    options?: VerifyPackageOptions,
  ): Promise<Verified>;

  /**
   * Checks names as `uploadPackage` does, without sending content: rejects with one InvalidInputError for all names that the
   * gateway would reject or change. To check the path of a file, pass it as `destination` with `{ files: [] }`.
   */
  checkNames(content: PackageContent, destination: string): Promise<void>;

  /**
   * Copies like `copyContent`, and resolves when the listing shows that this copy wrote every file with the right size. Rejects
   * with VerificationError otherwise. Success of `copyContent` alone proves nothing: a server may count an existing file at the
   * destination as copied (protocol §1.5). Copies nothing if receipts prove that a complete destination has the same content.
   * Otherwise rejects with InvalidInputError unless `replace` is true.
   */
  copyAndVerify(options: CopyAndVerifyOptions): Promise<Copied>;
}

/** The first call loads the upload engine. */
export function packageOperations(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
): PackageOperations {
  const load = async () => (await import("./upload-package.js")).folderOperations(environment, platform);
  return {
    uploadPackage: async (...call) => (await load()).uploadPackage(...call),
    findUnchangedFiles: async (...call) => (await load()).findUnchangedFiles(...call),
    verifyPackage: async (...call) => (await load()).verifyPackage(...call),
    checkNames: async (...call) => (await load()).checkNames(...call),
    copyAndVerify: async (...call) => (await load()).copyAndVerify(...call),
  };
}
