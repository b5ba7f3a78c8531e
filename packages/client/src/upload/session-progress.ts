import type { UploadSession } from "../upload-session.js";
import type { Patience } from "./patience.js";
import { sumOf } from "./ranges.js";
import { type FileUpload, newPatience, type UploadRun } from "./upload-run.js";

/** Judges, each time the server was asked, whether the upload advances. Patience lasts as long as it does. */
export class SessionProgress {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  /** For sessions that are lost: counts how often, since more was reached than ever before. */
  readonly #losses: Patience;
  /** Bytes received in the session, when last asked. Undefined before that. */
  #received: number | undefined;
  #mostReceived = 0;
  #mostAtLastLoss = 0;

  constructor(run: UploadRun, file: FileUpload) {
    this.#run = run;
    this.#file = file;
    this.#losses = newPatience(run);
  }

  /** Takes what the server said. Returns whether a session has been lost since it was last asked. */
  async note(session: UploadSession | undefined): Promise<boolean> {
    const received = session === undefined ? 0 : session.fileSize - sumOf(session.expectedRanges);
    const before = this.#received;
    this.#received = received;
    const { tracker, patience } = this.#file;
    if (before === undefined) tracker.resumed(received);
    tracker.received(received);
    if (before === undefined || received > before) patience.progress();
    this.#mostReceived = Math.max(this.#mostReceived, received);
    if (before === undefined || received >= before) return false;
    await this.#lost();
    return true;
  }

  /** The server lost what it had, or it expired (protocol §2.8, §2.9). */
  async #lost(): Promise<void> {
    if (this.#mostReceived > this.#mostAtLastLoss) this.#losses.progress();
    this.#mostAtLastLoss = this.#mostReceived;
    await this.#losses.wait(new Error("The server keeps losing the upload session"), this.#run.signal);
  }
}
