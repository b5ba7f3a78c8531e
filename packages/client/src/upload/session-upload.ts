import { isTransient } from "../errors/errors.js";
import type { RetryBudget } from "../http/retry.js";
import type { UploadSession } from "../operations/upload-session.js";
import { planChunks, requireUnchanged, rotate, sumOf } from "./byte-source.js";
import { type RoundOutcome, SessionProgress, sendRound } from "./chunk-round.js";
import type { CommitEvidence } from "./proof.js";
import type { SessionIds } from "./sessions.js";
import {
  type FileUpload,
  type GatewayMemory,
  retryBudgetFor,
  type UploadRun,
  waitOrThrow,
  withRetries,
} from "./upload-run.js";
import {
  commitSeconds,
  isIdConflict,
  isInvalidArgument,
  isNotFound,
  isReceivedBefore,
  isTooLarge,
  isWriteInProgress,
} from "./upload-server.js";

/** The minimum chunk size. With smaller chunks, the overhead per request dominates. */
export const minChunkSize = 64 * 1024;

/** Records that a proxy rejected a body of this size. */
export function recordRejectedSize(gateway: GatewayMemory, bytes: number): void {
  gateway.rejectedSize = Math.min(gateway.rejectedSize ?? bytes, bytes);
}

/** The chunk size, limited by the file size and by the body size that a proxy is known to reject. */
function firstChunkSize({ settings, gateway }: UploadRun, { source }: FileUpload): number {
  const { rejectedSize } = gateway;
  const allowedSize =
    rejectedSize === undefined ? Infinity : Math.max(minChunkSize, Math.floor(rejectedSize / 2));
  return Math.min(settings.chunkSize, Math.max(1, source.size), allowedSize);
}

/** `no-sessions`: the gateway does not support upload sessions. */
export type SessionOutcome = "committed" | "no-sessions";

/** A failure of a round or a commit. */
interface RoundFailure {
  readonly error: unknown;
  /** Whether to read the session again without a delay. */
  readonly retryImmediately: boolean;
}

/**
 * Uploads a file through an upload session: asks the server what is missing, sends it and commits. After every uncertain
 * result it asks again, because only the server knows what it has.
 */
export class SessionUpload {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #ids: SessionIds;
  readonly #evidence: CommitEvidence;
  readonly #progress: SessionProgress;
  /** Retries while another write to the path is in progress, for as long as a commit may take. */
  readonly #writeInProgress: RetryBudget;
  #chunkSize: number;
  #rejectedCommits = 0;

  constructor(run: UploadRun, file: FileUpload, ids: SessionIds, evidence: CommitEvidence) {
    this.#run = run;
    this.#file = file;
    this.#ids = ids;
    this.#evidence = evidence;
    this.#progress = new SessionProgress(run, file);
    this.#writeInProgress = retryBudgetFor(run, commitSeconds(file.source.size));
    this.#chunkSize = firstChunkSize(run, file);
  }

  async perform(): Promise<SessionOutcome> {
    const { retryBudget } = this.#file;
    for (let isFirst = true; ; isFirst = false) {
      const session = await this.#readSession();
      if (session === "no-sessions") return session;
      if (session !== undefined && this.#isForOtherUpload(session)) {
        await this.#ids.next();
        continue;
      }
      if (isFirst && session === undefined && this.#mayBeCommittedFrom()) {
        await this.#ids.next();
        continue;
      }
      if (isFirst) this.#file.hasCompleteSession = session?.expectedRanges.length === 0;
      const change = this.#progress.note(session);
      if (change === "more") this.#evidence.noteUnconfirmedBytes();
      if (change === "lost") {
        if (await this.#evidence.isCommitted()) return "committed";
        this.#evidence.mayBeCommitted = false;
        await this.#progress.waitAfterLoss();
      }
      const failure = await this.#sendAndCommit(session);
      if (failure === undefined) return "committed";
      // Does not count as a retry, because smaller chunks are progress.
      if (isTooLarge(failure.error)) continue;
      if (failure.retryImmediately) retryBudget.retryNow(failure.error);
      else if (isWriteInProgress(failure.error))
        await this.#writeInProgress.wait(failure.error, this.#run.signal);
      else await waitOrThrow(this.#run, retryBudget, failure.error);
    }
  }

  /**
   * Whether the file in the store may have been committed from a session with this ID. A commit with the same ID would then
   * write nothing (protocol §2.5).
   */
  #mayBeCommittedFrom(): boolean {
    const { before, source } = this.#file;
    return this.#ids.isFirst() && before?.file?.fileSize === source.size;
  }

  async #readSession(): Promise<UploadSession | undefined | "no-sessions"> {
    const { gateway, server, signal } = this.#run;
    try {
      const session = await withRetries(
        this.#run,
        () => server.readSession(this.#ids.current, signal),
        this.#file.retryBudget,
      );
      gateway.hasSessions = true;
      return session;
    } catch (error) {
      // Only gateways without sessions reject a valid request like this: on Linux, or before 6.0 (protocol §1).
      if (gateway.hasSessions === true || !isInvalidArgument(error)) throw error;
      gateway.hasSessions = false;
      return "no-sessions";
    }
  }

  /** Whether the ID is used for another upload. Servers may change separators and case of the path. */
  #isForOtherUpload({ fileSize, storeRelativePath }: UploadSession): boolean {
    const { source, storePath } = this.#file;
    const comparable = (path: string) => path.replaceAll("\\", "/").toLowerCase();
    return fileSize !== source.size || comparable(storeRelativePath) !== comparable(storePath);
  }

  async #sendAndCommit(session: UploadSession | undefined): Promise<RoundFailure | undefined> {
    const { source, tracker } = this.#file;
    const plan = planChunks(source.size, this.#chunkSize, session);
    if (plan.length > 0) {
      tracker.enter("sending");
      const received = source.size - sumOf(plan);
      // A concurrent upload starts with the same chunks. Starting elsewhere avoids sending them twice.
      const chunks = this.#evidence.hasConcurrentUploader ? rotate(plan, this.#run.random()) : plan;
      const outcome = await sendRound(this.#run, this.#file, this.#ids.current, chunks, received);
      this.#progress.accepted(received + outcome.acceptedBytes);
      const failure = await this.#failureOf(outcome);
      if (failure !== undefined) return failure;
    }
    tracker.enter("committing");
    // Never commit content that changed since the session began.
    await requireUnchanged(source, this.#run.signal);
    return this.#commit();
  }

  async #failureOf({ unconfirmed, acceptedBytes }: RoundOutcome): Promise<RoundFailure | undefined> {
    const transient = unconfirmed.find((error) => isTransient(error));
    if (transient !== undefined) this.#evidence.hasLostAnswers = true;
    if (unconfirmed.some(isReceivedBefore)) this.#evidence.noteUnconfirmedBytes();
    if (unconfirmed.some(isIdConflict)) await this.#ids.next();
    const tooLarge = unconfirmed.find(isTooLarge);
    const isStuck = transient !== undefined && acceptedBytes === 0 && this.#file.retryBudget.retries > 0;
    if (tooLarge !== undefined || isStuck) this.#shrinkChunks(tooLarge);
    if (transient !== undefined) return { error: transient, retryImmediately: false };
    return unconfirmed.length > 0 ? { error: tooLarge ?? unconfirmed[0], retryImmediately: true } : undefined;
  }

  /** Smaller chunks may get through a proxy or a bad network. */
  #shrinkChunks(tooLarge: unknown): void {
    if (this.#chunkSize <= minChunkSize) {
      if (tooLarge !== undefined) throw tooLarge;
      return;
    }
    if (tooLarge !== undefined) recordRejectedSize(this.#run.gateway, this.#chunkSize);
    this.#chunkSize = Math.max(minChunkSize, Math.ceil(this.#chunkSize / 2));
  }

  async #commit(): Promise<RoundFailure | undefined> {
    const { server, slots, signal } = this.#run;
    const { current } = this.#ids;
    try {
      await slots.run("small", signal, () => server.commit(current, this.#file.source.size, signal));
      return undefined;
    } catch (error) {
      if (isTransient(error)) {
        this.#evidence.mayBeCommitted = true;
        return { error, retryImmediately: false };
      }
      if (!isInvalidArgument(error) && !isNotFound(error)) throw error;
      return this.#afterRejectedCommit(error);
    }
  }

  /** The session is gone, lacks bytes, or has chunks of a wrong length (protocol §2.5). */
  async #afterRejectedCommit(error: unknown): Promise<RoundFailure> {
    const session = await this.#readSession();
    // The session was complete: a concurrent upload may have committed and deleted it.
    if (session === undefined) this.#evidence.mayBeCommitted = true;
    const isComplete = typeof session === "object" && session.expectedRanges.length === 0;
    if (isComplete) {
      this.#rejectedCommits += 1;
      // Servers never replace a received chunk, so the session must be deleted. Give up the second time.
      if (this.#rejectedCommits > 1) throw error;
      await this.dropSession();
      this.#evidence.mayBeCommitted = false;
    }
    return { error, retryImmediately: true };
  }

  /** Deletes the session with its chunks. Succeeds if it does not exist. */
  async dropSession(): Promise<void> {
    const { server, signal } = this.#run;
    const drop = async () => {
      try {
        await server.deleteSession(this.#ids.current, signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    };
    await withRetries(this.#run, drop, this.#file.retryBudget);
  }
}
