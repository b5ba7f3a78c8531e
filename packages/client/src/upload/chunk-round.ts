import { linkedAbort } from "../async/abort.js";
import { isTransient } from "../errors/transient.js";
import type { ByteRange } from "../operations/upload-session.js";
import { readRange } from "./byte-source.js";
import { sizeOf } from "./ranges.js";
import { isIdConflict, isInvalidArgument, isReceivedBefore, isTooLarge } from "./refusals.js";
import type { FileUpload, UploadRun } from "./upload-run.js";

/** What a round of chunks left open. Nothing, when all were accepted. */
export interface RoundOutcome {
  readonly acceptedBytes: number;
  /** Failures after which only the server can tell what it has. */
  readonly doubts: readonly unknown[];
}

/**
 * Sends chunks, several at a time. At the first doubt no further ones are begun, those under way are waited for: what
 * they bring need not be sent again. Any other failure stops them all and is thrown.
 */
export async function sendRound(
  run: UploadRun,
  file: FileUpload,
  sessionId: string,
  chunks: readonly ByteRange[],
  receivedBefore: number,
): Promise<RoundOutcome> {
  const waiting = [...chunks];
  const doubts: unknown[] = [];
  let acceptedBytes = 0;
  const round = linkedAbort(run.signal);
  const worker = async () => {
    while (waiting.length > 0) {
      const size = await run.slots.run("chunk", round.signal, async () => {
        const range = waiting.shift();
        return range === undefined ? 0 : sendChunk(run, file, sessionId, range, round.signal);
      });
      acceptedBytes += size;
      file.tracker.received(receivedBefore + acceptedBytes);
    }
  };
  const guarded = async () => {
    try {
      await worker();
    } catch (error) {
      waiting.length = 0;
      if (!round.signal.aborted && isDoubt(error)) doubts.push(error);
      else round.abort(error);
    }
  };
  try {
    const count = Math.min(run.settings.concurrency, chunks.length);
    await Promise.all(Array.from({ length: count }, guarded));
    round.signal.throwIfAborted();
  } finally {
    round.unlink();
  }
  return { acceptedBytes, doubts };
}

/** Returns how many bytes were accepted. */
async function sendChunk(
  run: UploadRun,
  file: FileUpload,
  sessionId: string,
  range: ByteRange,
  signal: AbortSignal,
): Promise<number> {
  const { storePath, source, tracker } = file;
  const size = sizeOf(range);
  const buffer = run.buffers.take(size);
  const bytes = await readRange(source, range, { buffer, abortSignal: signal });
  tracker.sent(size);
  const chunk = { storePath, sessionId, fileSize: source.size, range, bytes };
  await tracker.sending((onSent) => run.server.sendChunk(chunk, signal, onSent));
  // Not after a failure: who knows who still reads it.
  run.buffers.giveBack(buffer);
  run.gateway.hasAnswered = true;
  return size;
}

function isDoubt(error: unknown): boolean {
  return (
    isTransient(error) ||
    isReceivedBefore(error) ||
    isIdConflict(error) ||
    isInvalidArgument(error) ||
    isTooLarge(error)
  );
}
