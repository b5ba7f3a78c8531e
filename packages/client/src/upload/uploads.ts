import type { GatewayPlatform } from "../wire/store-path.js";
import type { UploadSource } from "./byte-source.js";
import type { UploadedFile, UploadFileOptions, Verified, VerifyOptions } from "./upload-options.js";
import type { UploadEnvironment } from "./upload-run.js";

/** Uploads that resume and verify the result. */
export interface UploadOperations {
  /**
   * Uploads a file and replaces an existing one. Sends only the bytes that the server does not have: after a failure, the same
   * call on any machine resumes the upload. Resolves when the listing shows the file in the store with the right size.
   *
   * Rejects with InvalidInputError before anything is sent, with VerificationError if the listing does not show the file, and
   * with UploadError, which says how to resume, for any other failure.
   */
  uploadFile(storePath: string, source: UploadSource, options?: UploadFileOptions): Promise<UploadedFile>;

  /**
   * Compares a file in the store with a source: the size and, if a receipt exists, the content. Rejects with
   * VerificationError if they differ, and with the errors of requests.
   */
  verifyFile(storePath: string, source: UploadSource, options?: VerifyOptions): Promise<Verified>;
}

/** The first call loads the upload engine, so that pages that only read do not load it. */
export function uploadOperations(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
): UploadOperations {
  const load = async () => (await import("./upload-and-verify.js")).fileOperations(environment, platform);
  return {
    uploadFile: async (...call) => (await load()).uploadFile(...call),
    verifyFile: async (...call) => (await load()).verifyFile(...call),
  };
}
