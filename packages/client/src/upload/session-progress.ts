import type { Patience } from "../async/patience.js";
import type { UploadSession } from "../operations/upload-session.js";
import { SessionLostError } from "./upload-error.js";
import { sumOf } from "./ranges.js";
import { type FileUpload, newPatience, type UploadRun } from "./upload-run.js";

/** What a session holds, compared with what the server has said of it before. */
export type SessionNews = "as-known" | "more" | "lost";

/** Judges, each time the server was asked, whether the upload advances. Patience lasts as long as it does. */
export class SessionProgress {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  /** For sessions that are lost: counts how often, since more was reached than ever before. */
  readonly #losses: Patience;
  /** Bytes that the session holds, as far as the server has said so. Undefined before that. */
  #received: number | undefined;
  #mostReceived = 0;
  #mostAtLastLoss = 0;

  constructor(run: UploadRun, file: FileUpload) {
    this.#run = run;
    this.#file = file;
    this.#losses = newPatience(run);
  }

  /** Chunks were accepted, beyond those that the session held before. */
  accepted(received: number): void {
    const { tracker, patience } = this.#file;
    if (received > (this.#received ?? 0)) patience.progress();
    this.#received = received;
    if (received > 0) this.#file.isSessionGone = false;
    this.#mostReceived = Math.max(this.#mostReceived, received);
    tracker.received(received);
  }

  /** Takes what the server said when it was asked. */
  note(session: UploadSession | undefined): SessionNews {
    const received = session === undefined ? 0 : session.fileSize - sumOf(session.expectedRanges);
    const before = this.#received;
    if (before === undefined) this.#file.tracker.resumed(received);
    if (before === undefined || received >= before) {
      this.accepted(received);
      return before !== undefined && received > before ? "more" : "as-known";
    }
    this.#received = received;
    this.#file.isSessionGone = received === 0;
    return "lost";
  }

  /**
   * Waits before beginning again with a session that was lost, or has expired (protocol §2.8, §2.9). Throws
   * SessionLostError when that happens again and again.
   */
  async waitAfterLoss(): Promise<void> {
    if (this.#mostReceived > this.#mostAtLastLoss) this.#losses.progress();
    this.#mostAtLastLoss = this.#mostReceived;
    await this.#losses.wait(new SessionLostError(), this.#run.signal);
  }
}
