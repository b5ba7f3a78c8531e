import type { ByteStream, Bytes } from "../wire/bytes.js";
import { type ByteSource, type EngineSource, inMemory, readRange, requireUnchanged } from "./byte-source.js";
import { contentDigest } from "./fingerprint.js";
import { hashContent } from "./fingerprint-option.js";
import { planChunks } from "./plan.js";
import { wholeOf } from "./ranges.js";
import { hexOf } from "./session-id.js";
import { type FileUpload, type UploadRun, waitOrThrow } from "./upload-run.js";

/** How much of a large file is in memory at a time while it goes out in one request. */
const pieceSize = 1024 * 1024;

/** Brings a file into the store by one request, which is repeated as a whole if need be. */
export async function putWhole(run: UploadRun, file: FileUpload): Promise<void> {
  const { tracker, patience } = file;
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
      await waitOrThrow(run, patience, error);
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
