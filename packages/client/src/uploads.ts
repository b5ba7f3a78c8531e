import { requireSessionId } from "./parameters.js";
import type { GatewayPlatform } from "./store-path.js";
import { requireStorePath } from "./store-path.js";
import type { UploadSource } from "./upload/byte-source.js";
import type { UploadEnvironment } from "./upload/run-upload.js";
import type { UploadFileOptions } from "./upload/upload-options.js";

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
}

/** The engine is loaded by the first upload: a page that only looks at the store never waits for it. */
export function uploadOperations(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
): UploadOperations {
  return {
    async uploadFile(storePath, source, options = {}) {
      requireStorePath("storePath", storePath, platform !== undefined);
      if (options.sessionId !== undefined) requireSessionId(options.sessionId);
      const { uploadAndVerify } = await import("./upload/upload-and-verify.js");
      return uploadAndVerify(environment, storePath, source, options);
    },
  };
}
