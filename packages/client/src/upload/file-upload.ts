import type { ByteStream, Bytes } from "../wire/bytes.js";
import {
  type ByteSource,
  type EngineSource,
  inMemory,
  planChunks,
  readRange,
  requireUnchanged,
  wholeOf,
} from "./byte-source.js";
import { contentDigest, hexOf } from "./fingerprint.js";
import { CommitEvidence, stateBefore } from "./proof.js";
import { noteRefusedSize, SessionUpload, smallestChunk } from "./session-upload.js";
import { derivedIds, fingerprintOf, givenId, hashContent, type SessionIds } from "./sessions.js";
import { SourceError } from "./upload-error.js";
import { type FileUpload, type UploadRun, waitOrThrow } from "./upload-run.js";
import { isTooLarge } from "./upload-server.js";

/**
 * Brings one file into the store, through a session or in one request. The server has then answered that it stored it,
 * which proves nothing yet: see `differenceAfter`. When a session is dropped is up to the caller: `sessionId` of `file`
 * then names the one that was committed.
 */
export async function deliverFile(run: UploadRun, file: FileUpload, sessionId?: string): Promise<void> {
  if (await isThere(run, file)) {
    file.tracker.resumed(file.source.size);
  } else if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) {
    file.sessionId = undefined;
    await putOrSplit(run, file, sessionId);
  }
  file.retryBudget.progress();
  file.tracker.done();
}

/** Where the store can tell by the content, not only by the size, the file need not be sent again. */
async function isThere(
  { server, signal }: UploadRun,
  { storePath, source, tracker }: FileUpload,
): Promise<boolean> {
  if (!server.comparesContent) return false;
  tracker.enter("hashing");
  return server.holdsContent(storePath, source, signal);
}

/** An empty session cannot be committed (protocol §2.5). */
function needsSession({ gateway, settings }: UploadRun, { source }: FileUpload): boolean {
  const { hasSessions, refusedSize = Infinity } = gateway;
  if (source.size === 0 || hasSessions === false) return false;
  return (
    source.size > settings.maxSingleShotSize || (source.size >= refusedSize && source.size > smallestChunk)
  );
}

/** In one request; or, if that is too large for something on the way, in chunks. */
async function putOrSplit(run: UploadRun, file: FileUpload, sessionId: string | undefined): Promise<void> {
  if (file.needs.proof) file.before ??= await stateBefore(run, file);
  try {
    await putWhole(run, file);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    noteRefusedSize(run.gateway, file.source.size);
    if (!needsSession(run, file) || !(await uploadThroughSession(run, file, sessionId))) throw error;
  }
}

/** Returns whether it could: not where the gateway knows no sessions. */
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
    if (error instanceof SourceError && !(await isUnchanged(run, file))) await forget(file, upload);
    throw error;
  }
}

/** What can only not be read has been sent as it is: its session stays. */
async function isUnchanged(run: UploadRun, { source }: FileUpload): Promise<boolean> {
  if (source.assertUnchanged === undefined) return false;
  return requireUnchanged(source, run.signal).then(
    () => true,
    () => false,
  );
}

/** The session may hold bytes that are not those its id stands for: nobody shall resume it. */
async function forget(file: FileUpload, upload: SessionUpload): Promise<void> {
  try {
    await upload.dropSession();
    file.sessionId = undefined;
    file.isSessionGone = true;
  } catch {
    // The error of the source is the one that counts.
  }
}

async function contentIds(run: UploadRun, file: FileUpload): Promise<SessionIds> {
  file.tracker.enter("hashing");
  const fingerprint = await fingerprintOf(run, file);
  file.before ??= await stateBefore(run, file);
  return derivedIds(file, fingerprint);
}

/** How much of a large file is in memory at a time while it goes out in one request. */
const pieceSize = 1024 * 1024;

/** Brings a file into the store by one request, which is repeated as a whole if need be. */
async function putWhole(run: UploadRun, file: FileUpload): Promise<void> {
  const { tracker, retryBudget } = file;
  const isSmall = file.source.size <= run.settings.chunkSize;
  const isAtOnce = isSmall || file.source.whole !== undefined;
  if (file.needs.hash && !isAtOnce) await hashContent(run, file);
  tracker.enter("sending");
  for (;;) {
    try {
      await run.slots.run(isSmall ? "small" : "chunk", run.signal, () =>
        isAtOnce ? putAtOnce(run, file) : putAsStream(run, file),
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
  if (file.needs.hash) file.hash = { source, digest: await hashOfBytes(run, content, size) };
  await requireUnchanged(source, signal);
  tracker.sent(size);
  await tracker.sending((onSent) => server.putFile(storePath, content, size, signal, onSent));
  if (buffer !== undefined) buffers.giveBack(buffer);
}

/** Of the very bytes that are sent. */
async function hashOfBytes({ blocks, signal }: UploadRun, bytes: Bytes, size: number): Promise<string> {
  const read: ByteSource["read"] = async ({ startPosition: start, endPosition: end }) =>
    bytes instanceof Blob ? bytes.slice(start, end + 1) : bytes.subarray(start, end + 1);
  return hexOf(await contentDigest({ size, read }, blocks, signal, () => {}));
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
    await tracker.sending((onSent) => server.putStream(storePath, content, signal, onSent));
  } catch (error) {
    // The platform reports its own error for a body that ended in one.
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
