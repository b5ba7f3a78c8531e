import type { ByteStream } from "../wire/bytes.js";
import {
  type EngineSource,
  inMemory,
  planChunks,
  readRange,
  requireUnchanged,
  wholeOf,
} from "./byte-source.js";
import { digestOfBytes } from "./fingerprint.js";
import { CommitEvidence, stateBefore } from "./proof.js";
import { minChunkSize, recordRejectedSize, SessionUpload } from "./session-upload.js";
import { derivedIds, fingerprintOf, givenId, hashContent, type SessionIds } from "./sessions.js";
import { SourceError } from "./upload-error.js";
import { type FileUpload, type UploadRun, waitOrThrow } from "./upload-run.js";
import { isTooLarge } from "./upload-server.js";

/**
 * Sends one file, through a session or in one request, until the server reports success. That proves nothing yet: see
 * `differenceAfter`. The caller deletes the committed session, whose ID is in `file.sessionId`.
 */
export async function deliverFile(run: UploadRun, file: FileUpload, sessionId?: string): Promise<void> {
  if (await isInStore(run, file)) {
    file.tracker.resumed(file.source.size);
  } else if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) {
    file.sessionId = undefined;
    await putOrSplit(run, file, sessionId);
  }
  file.retryBudget.progress();
  file.tracker.done();
}

/** Whether a store that can compare content already has the file. */
async function isInStore(
  { server, signal }: UploadRun,
  { storePath, source, tracker }: FileUpload,
): Promise<boolean> {
  if (!server.comparesContent) return false;
  tracker.enter("hashing");
  return server.holdsContent(storePath, source, signal);
}

/** An empty session cannot be committed (protocol §2.5). */
function needsSession({ gateway, settings }: UploadRun, { source }: FileUpload): boolean {
  const { hasSessions, rejectedSize = Infinity } = gateway;
  if (source.size === 0 || hasSessions === false) return false;
  return (
    source.size > settings.maxSingleShotSize || (source.size >= rejectedSize && source.size > minChunkSize)
  );
}

/** Sends the file in one request, or in chunks if a proxy rejects that as too large. */
async function putOrSplit(run: UploadRun, file: FileUpload, sessionId: string | undefined): Promise<void> {
  if (file.needs.proof) file.before ??= await stateBefore(run, file);
  try {
    await putWhole(run, file);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    recordRejectedSize(run.gateway, file.source.size);
    if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) throw error;
  }
}

/** Returns false if the gateway does not support sessions. */
async function uploadThroughSession(
  run: UploadRun,
  file: FileUpload,
  sessionId: string | undefined,
): Promise<boolean> {
  const ids = sessionId === undefined ? await contentIds(run, file) : givenId(file, sessionId);
  file.before ??= await stateBefore(run, file);
  const evidence = new CommitEvidence(run, file, file.before);
  const upload = new SessionUpload(run, file, ids, evidence);
  try {
    return (await upload.perform()) === "committed";
  } catch (error) {
    if (error instanceof SourceError && !(await isUnchanged(run, file)))
      await deleteMixedSession(file, upload);
    throw error;
  }
}

/** Whether the source is unchanged and only failed to be read. Its session can then be resumed. */
async function isUnchanged(run: UploadRun, { source }: FileUpload): Promise<boolean> {
  if (source.assertUnchanged === undefined) return false;
  return requireUnchanged(source, run.signal).then(
    () => true,
    () => false,
  );
}

/** Deletes a session that may contain mixed content, so that no upload resumes it. */
async function deleteMixedSession(file: FileUpload, upload: SessionUpload): Promise<void> {
  try {
    await upload.dropSession();
    file.sessionId = undefined;
    file.isSessionGone = true;
  } catch {
    // Report the error of the source instead.
  }
}

async function contentIds(run: UploadRun, file: FileUpload): Promise<SessionIds> {
  file.tracker.enter("hashing");
  const fingerprint = await fingerprintOf(run, file);
  file.before ??= await stateBefore(run, file);
  return derivedIds(file, fingerprint);
}

/** How much of a large file is read at a time while it is sent in one request. */
const pieceSize = 1024 * 1024;

/** The memory that a streamed file may use: pieces that are read, waiting and sent. */
const streamBytes = 4 * pieceSize;

/** Sends a file in one request and retries the whole request. */
async function putWhole(run: UploadRun, file: FileUpload): Promise<void> {
  const { tracker, retryBudget } = file;
  const isSmall = file.source.size <= run.settings.chunkSize;
  const isAtOnce = isSmall || file.source.whole !== undefined;
  if (file.needs.hash && !isAtOnce) await hashContent(run, file);
  tracker.enter("sending");
  for (;;) {
    try {
      await run.slots.run(
        isSmall ? "small" : "chunk",
        run.signal,
        () => (isAtOnce ? putAtOnce(run, file) : putAsStream(run, file)),
        file.source.whole !== undefined ? 0 : isAtOnce ? file.source.size : streamBytes,
      );
      run.gateway.hasAnswered = true;
      return;
    } catch (error) {
      await waitOrThrow(run, retryBudget, error);
    }
  }
}

async function putAtOnce(run: UploadRun, file: FileUpload): Promise<void> {
  const { server, buffers, signal } = run;
  const { storePath, source, tracker } = file;
  const { size } = source;
  const buffer = source.whole === undefined ? buffers.take(size) : undefined;
  const content = source.whole ?? (await readWhole(source, buffer, signal));
  if (file.needs.hash) {
    // Hashes the same bytes that are sent.
    file.hash = { source, digest: await digestOfBytes(content, source, run.blocks, signal) };
  }
  // Bytes in memory are sent as they were hashed.
  if (!(source.whole instanceof Uint8Array)) await requireUnchanged(source, signal);
  tracker.sent(size);
  await tracker.sending(size, (onSent) => server.putFile(storePath, content, size, signal, onSent));
  if (buffer !== undefined) buffers.release(buffer);
}

async function readWhole(
  source: EngineSource,
  buffer: Uint8Array<ArrayBuffer> | undefined,
  abortSignal: AbortSignal,
) {
  if (source.size === 0) return new Uint8Array(0);
  return readRange(source, wholeOf(source.size), {
    abortSignal,
    ...(buffer === undefined ? {} : { buffer }),
  });
}

async function putAsStream(run: UploadRun, file: FileUpload): Promise<void> {
  const { server, signal } = run;
  const { storePath, source, tracker } = file;
  const reading: Reading = { failure: undefined };
  try {
    const content = streamOf(source, reading, signal, tracker.sent.bind(tracker));
    await tracker.sending(source.size, (onSent) => server.putStream(storePath, content, signal, onSent));
  } catch (error) {
    // The platform replaces the error of a body stream with its own.
    throw reading.failure ?? error;
  }
  await requireUnchanged(source, signal);
}

interface Reading {
  failure: unknown;
}

function streamOf(
  source: EngineSource,
  reading: Reading,
  abortSignal: AbortSignal,
  onSent: (bytes: number) => void,
): ByteStream {
  const stream = () => {
    const pieces = planChunks(source.size, pieceSize, undefined).values();
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          const { value: piece, done } = pieces.next();
          if (done) return controller.close();
          try {
            const bytes = await readRange(source, piece, { abortSignal });
            onSent(bytes instanceof Blob ? bytes.size : bytes.byteLength);
            controller.enqueue(new Uint8Array(await inMemory(bytes, abortSignal)));
          } catch (error) {
            reading.failure = error;
            controller.error(error);
          }
        },
      },
      { highWaterMark: 1 },
    );
  };
  return { size: source.size, stream };
}
