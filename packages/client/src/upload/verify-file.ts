import { VerificationError } from "../upload-error.js";
import { type FileUpload, newPatience, type UploadRun, withRetries } from "./upload-run.js";

/** How often to look again for a file that is not there: while it is replaced it is hidden for a moment (protocol §1.3). */
const looks = 4;

/** Holds the store's listing to what was uploaded. Throws VerificationError. */
export async function verifyFile(run: UploadRun, file: FileUpload): Promise<void> {
  const { storePath, source, patience } = file;
  const settings = { ...run.settings, retry: { ...run.settings.retry, maxRetries: looks } };
  const waiting = newPatience({ ...run, settings });
  for (;;) {
    const found = await withRetries(run, patience, () => run.server.findFile(storePath, run.signal));
    if (found?.fileSize === source.size) return;
    if (found !== undefined) {
      const sizes = { expectedSize: source.size, actualSize: found.fileSize };
      throw new VerificationError(storePath, [{ storePath, kind: "wrong-size", ...sizes }]);
    }
    const missing = { storePath, kind: "missing", expectedSize: source.size } as const;
    await waiting.wait(new VerificationError(storePath, [missing]), run.signal);
  }
}
