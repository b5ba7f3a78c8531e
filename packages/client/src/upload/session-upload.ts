import { isTransient } from "../errors/errors.js";
import type { RetryBudget } from "../http/retry.js";
import type { UploadSession } from "../operations/upload-session.js";
import { planChunks, requireUnchanged, rotated, sumOf } from "./byte-source.js";
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
  isOtherWrite,
  isReceivedBefore,
  isTooLarge,
} from "./upload-server.js";

/** Below this, a smaller chunk is no better: the rest of the request weighs as much. */
export const smallestChunk = 64 * 1024;

/** Remembers that something on the way takes no body of this many bytes. */
export function noteRefusedSize(gateway: GatewayMemory, bytes: number): void {
  gateway.refusedSize = Math.min(gateway.refusedSize ?? bytes, bytes);
}

/** What is larger than the file, or than something on the way lets through, would only cost tries. */
function firstChunkSize({ settings, gateway }: UploadRun, { source }: FileUpload): number {
  const { refusedSize } = gateway;
  const passable =
    refusedSize === undefined ? Infinity : Math.max(smallestChunk, Math.floor(refusedSize / 2));
  return Math.min(settings.chunkSize, Math.max(1, source.size), passable);
}

/** How a session may end: with the file in the store, or not at all, for the gateway knows no sessions. */
export type SessionOutcome = "committed" | "no-sessions";

/** What keeps an upload from being done. `mustAsk` when only asking the server can help, so that waiting is no use. */
interface Trouble {
  readonly error: unknown;
  readonly mustAsk: boolean;
}

/**
 * Brings a file into the store through an upload session: asks what is missing, sends that, commits; and after every
 * doubt asks again. The server alone says what it has.
 */
export class SessionUpload {
  readonly #run: UploadRun;
  readonly #file: FileUpload;
  readonly #ids: SessionIds;
  readonly #evidence: CommitEvidence;
  readonly #progress: SessionProgress;
  /** For another write in the way: as long as that may take, not as long as nothing happens here. */
  readonly #otherWrites: RetryBudget;
  #chunkSize: number;
  #refusedCommits = 0;

  constructor(run: UploadRun, file: FileUpload, ids: SessionIds, evidence: CommitEvidence) {
    this.#run = run;
    this.#file = file;
    this.#ids = ids;
    this.#evidence = evidence;
    this.#progress = new SessionProgress(run, file);
    this.#otherWrites = retryBudgetFor(run, commitSeconds(file.source.size));
    this.#chunkSize = firstChunkSize(run, file);
  }

  async perform(): Promise<SessionOutcome> {
    const { retryBudget } = this.#file;
    for (let isFirst = true; ; isFirst = false) {
      const session = await this.#ask();
      if (session === "no-sessions") return session;
      if (session !== undefined && this.#isForeign(session)) {
        await this.#ids.next();
        continue;
      }
      if (isFirst && session === undefined && this.#mayBeRecorded()) {
        await this.#ids.next();
        continue;
      }
      if (isFirst) this.#file.hasCompleteSession = session?.expectedRanges.length === 0;
      const news = this.#progress.note(session);
      if (news === "more") this.#evidence.noteUnconfirmedBytes();
      if (news === "lost") {
        if (await this.#evidence.isCommitted()) return "committed";
        this.#evidence.mayBeCommitted = false;
        await this.#progress.waitAfterLoss();
      }
      const trouble = await this.#sendAndCommit(session);
      if (trouble === undefined) return "committed";
      // No try without progress: chunks get smaller, and that has an end.
      if (isTooLarge(trouble.error)) continue;
      if (trouble.mustAsk) retryBudget.retryNow(trouble.error);
      else if (isOtherWrite(trouble.error)) await this.#otherWrites.wait(trouble.error, this.#run.signal);
      else await waitOrThrow(this.#run, retryBudget, trouble.error);
    }
  }

  /** Whether the file in the store may have been committed from a session with this id. */
  #mayBeRecorded(): boolean {
    const { before, source } = this.#file;
    return this.#ids.isFirst() && before?.file?.fileSize === source.size;
  }

  async #ask(): Promise<UploadSession | undefined | "no-sessions"> {
    const { gateway, server, signal } = this.#run;
    try {
      const session = await withRetries(this.#run, this.#file.retryBudget, () =>
        server.readSession(this.#ids.current, signal),
      );
      gateway.hasSessions = true;
      return session;
    } catch (error) {
      // A well-formed question is refused like this only where nobody knows it: on Linux, or before 6.0 (protocol §1).
      if (gateway.hasSessions === true || !isInvalidArgument(error)) throw error;
      gateway.hasSessions = false;
      return "no-sessions";
    }
  }

  /** Whether somebody uses the id for something else. Separators and case may come back otherwise than they were sent. */
  #isForeign({ fileSize, storeRelativePath }: UploadSession): boolean {
    const { source, storePath } = this.#file;
    const comparable = (path: string) => path.replaceAll("\\", "/").toLowerCase();
    return fileSize !== source.size || comparable(storeRelativePath) !== comparable(storePath);
  }

  async #sendAndCommit(session: UploadSession | undefined): Promise<Trouble | undefined> {
    const { source, tracker } = this.#file;
    const plan = planChunks(source.size, this.#chunkSize, session);
    if (plan.length > 0) {
      tracker.enter("sending");
      const received = source.size - sumOf(plan);
      // A concurrent uploader begins where this one did: going on elsewhere saves both from sending the same.
      const chunks = this.#evidence.hasConcurrentUploader ? rotated(plan, this.#run.random()) : plan;
      const outcome = await sendRound(this.#run, this.#file, this.#ids.current, chunks, received);
      this.#progress.accepted(received + outcome.acceptedBytes);
      const trouble = await this.#troubleOf(outcome);
      if (trouble !== undefined) return trouble;
    }
    tracker.enter("committing");
    // Nothing is committed that is not what it was when the session began.
    await requireUnchanged(source, this.#run.signal);
    return this.#commit();
  }

  async #troubleOf({ doubts, acceptedBytes }: RoundOutcome): Promise<Trouble | undefined> {
    const serious = doubts.find((doubt) => isTransient(doubt));
    if (serious !== undefined) this.#evidence.hasLostAnswers = true;
    if (doubts.some(isReceivedBefore)) this.#evidence.noteUnconfirmedBytes();
    if (doubts.some(isIdConflict)) await this.#ids.next();
    const tooLarge = doubts.find(isTooLarge);
    const isStuck = serious !== undefined && acceptedBytes === 0 && this.#file.retryBudget.retries > 0;
    if (tooLarge !== undefined || isStuck) this.#shrinkChunks(tooLarge);
    if (serious !== undefined) return { error: serious, mustAsk: false };
    return doubts.length > 0 ? { error: tooLarge ?? doubts[0], mustAsk: true } : undefined;
  }

  /** A network that lets nothing of this size through may let less through. */
  #shrinkChunks(tooLarge: unknown): void {
    if (this.#chunkSize <= smallestChunk) {
      if (tooLarge !== undefined) throw tooLarge;
      return;
    }
    if (tooLarge !== undefined) noteRefusedSize(this.#run.gateway, this.#chunkSize);
    this.#chunkSize = Math.max(smallestChunk, Math.ceil(this.#chunkSize / 2));
  }

  async #commit(): Promise<Trouble | undefined> {
    const { server, slots, signal } = this.#run;
    const { current } = this.#ids;
    try {
      await slots.run("small", signal, () => server.commit(current, this.#file.source.size, signal));
      return undefined;
    } catch (error) {
      if (isTransient(error)) {
        this.#evidence.mayBeCommitted = true;
        return { error, mustAsk: false };
      }
      if (!isInvalidArgument(error) && !isNotFound(error)) throw error;
      return this.#afterRefusedCommit(error);
    }
  }

  /** The session is gone, or lacks bytes, or its chunks are not as long as they claimed to be (protocol §2.5). */
  async #afterRefusedCommit(error: unknown): Promise<Trouble> {
    const session = await this.#ask();
    // It was complete, and is gone: another upload of the same content may have committed and deleted it.
    if (session === undefined) this.#evidence.mayBeCommitted = true;
    const isComplete = typeof session === "object" && session.expectedRanges.length === 0;
    if (isComplete) {
      this.#refusedCommits += 1;
      // The server never replaces a chunk that it has: such a session can only be dropped. Once; twice is no accident.
      if (this.#refusedCommits > 1) throw error;
      await this.dropSession();
      this.#evidence.mayBeCommitted = false;
    }
    return { error, mustAsk: true };
  }

  /** Makes the server forget the session with all its chunks. One that it does not know is as good. */
  async dropSession(): Promise<void> {
    const { server, signal } = this.#run;
    await withRetries(this.#run, this.#file.retryBudget, async () => {
      try {
        await server.deleteSession(this.#ids.current, signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    });
  }
}
