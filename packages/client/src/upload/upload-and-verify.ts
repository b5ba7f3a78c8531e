import { InvalidInputError } from "../errors.js";
import type { UploadedFile } from "../uploads.js";
import { engineSource, type UploadSource } from "./byte-source.js";
import { uploadFile } from "./file-upload.js";
import { newFile, runUpload, type UploadEnvironment, uploadError } from "./run-upload.js";
import { dropSession, dropSessionAfterAbort } from "./session-end.js";
import { transferSettings, type UploadFileOptions } from "./upload-options.js";
import { verifyFile } from "./verify-file.js";

/** The upload of one file, from its first byte to the listing that shows it. Path and session id have been checked. */
export function uploadAndVerify(
  environment: UploadEnvironment,
  storePath: string,
  source: UploadSource,
  options: UploadFileOptions,
): Promise<UploadedFile> {
  const settings = transferSettings(options);
  const { verify = true } = options;
  if (typeof verify !== "boolean") throw new InvalidInputError("verify", "must be true or false");
  const content = engineSource(source);
  return runUpload(environment, settings, async (run) => {
    const file = newFile(run, storePath, content);
    try {
      await uploadFile(run, file, options.sessionId);
      if (verify) await verifyFile(run, file);
    } catch (error) {
      await dropSessionAfterAbort(run, file);
      throw uploadError(run, file, error);
    }
    const { totalBytes, sentBytes, resumedBytes } = file.tracker.state;
    const sessionDeleted = await dropSession(run, file);
    const { sessionId } = file;
    return { storePath, totalBytes, sentBytes, resumedBytes, sessionId, sessionDeleted };
  });
}
