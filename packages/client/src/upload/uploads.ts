import type { GatewayPlatform } from "../wire/store-path.js";
import { requireStorePath } from "../wire/store-path.js";
import type { UploadSource } from "./byte-source.js";
import type { UploadedFile, UploadFileOptions, Verified, VerifyOptions } from "./upload-options.js";
import type { UploadEnvironment } from "./upload-run.js";

/** Uploads that resume and are verified. */
export interface UploadOperations {
  /**
   * Brings a file into the store, replacing one of the same name. Sends only what the server lacks: started again after
   * whatever ended it, on any machine, the same upload goes on where it was. Resolves when the file is in the store and
   * the listing shows it with its size.
   *
   * Rejects with InvalidInputError before anything is sent; VerificationError when the store does not show the file;
   * UploadError for all else, with what is needed to go on.
   */
  uploadFile(storePath: string, source: UploadSource, options?: UploadFileOptions): Promise<UploadedFile>;

  /**
   * Compares a file in the store with a source: size and, where a receipt allows it, content. Rejects with
   * VerificationError when they differ, and as other requests do.
   */
  verifyFile(storePath: string, source: UploadSource, options?: VerifyOptions): Promise<Verified>;
}

/** The engine is loaded by the first upload: a page that only looks at the store never waits for it. */
export function uploadOperations(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
): UploadOperations {
  return {
    async uploadFile(storePath, source, options = {}) {
      requireStorePath("storePath", storePath, platform !== undefined);
      const { uploadAndVerify } = await import("./upload-and-verify.js");
      return uploadAndVerify(environment, storePath, source, options);
    },

    async verifyFile(storePath, source, options = {}) {
      requireStorePath("storePath", storePath, platform !== undefined);
      const { verifyFile } = await import("./upload-and-verify.js");
      return verifyFile(environment, storePath, source, options);
    },
  };
}
