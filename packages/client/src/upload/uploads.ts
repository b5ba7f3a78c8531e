import type { GatewayPlatform } from "../wire/store-path.js";
import { requireStorePath } from "../wire/store-path.js";
import type { UploadSource } from "./byte-source.js";
import type { UploadEnvironment } from "./run-upload.js";
import type { UploadFileOptions, VerifyOptions } from "./upload-options.js";

/** What became of a file. */
export interface UploadedFile {
  readonly storePath: string;
  readonly totalBytes: number;
  /** Bytes handed to the network in this run. */
  readonly sentBytes: number;
  /** Bytes that the server held before, and that were not sent. */
  readonly resumedBytes: number;
  /** The session it came through. Undefined for one request without a session. */
  readonly sessionId: string | undefined;
  /** Whether that session, with its chunks, is gone. If not, the server drops it after about 30 minutes. */
  readonly sessionDeleted: boolean;
  /** Whether a receipt proved that the file was in the store already, with the same content: then nothing was sent. */
  readonly alreadyThere: boolean;
  /** The store path of the receipt. Undefined without one; see the option `receipt`. */
  readonly receipt: string | undefined;
  /** Why the store did not take a receipt. The file is in the store nevertheless. */
  readonly receiptFailure: Error | undefined;
}

/** How much a comparison with the store could prove. */
export interface Verified {
  /**
   * `content`: a receipt says that what is in the store was sent from the same content, and has not been written since.
   * `sizes`: there is no such receipt, and the image store gives no content back: paths and sizes are the same.
   */
  readonly proof: "content" | "sizes";
}

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
