import { type ByteRange, type ImageStoreClient, isFabricError } from "@sf-image-store/client";
import { splitRange, sumOf } from "./ranges.js";
import type { SourceFile } from "./source-file.js";

export interface Upload {
  readonly client: ImageStoreClient;
  readonly file: SourceFile;
  readonly storePath: string;
  readonly sessionId: string;
  readonly connections: number;
}

/** What became of a round of chunks: those the server has accepted, and what stopped each connection that stopped. */
export interface Round {
  readonly accepted: readonly ByteRange[];
  readonly failures: readonly unknown[];
}

/** Sends groups of chunks, one group per connection, and as many groups at a time as there are connections. */
export async function uploadChunks(
  { client, file, storePath, sessionId, connections }: Upload,
  groups: readonly (readonly ByteRange[])[],
  abortSignal: AbortSignal,
  onAccepted: (count: number) => void = () => {},
): Promise<Round> {
  const waiting = [...groups];
  const accepted: ByteRange[] = [];
  const connection = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for (const range of group) {
        const { startPosition } = range;
        const chunk = await file.read(range);
        await client.uploadFileChunk({
          storePath,
          sessionId,
          startPosition,
          fileSize: file.size,
          chunk,
          abortSignal,
        });
        accepted.push(range);
        onAccepted(accepted.length);
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: connections }, connection));
  return { accepted, failures: ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : [])) };
}

/**
 * Sends what the session lacks and asks again, until nothing is missing. A chunk whose answer was lost may reach the disk
 * only after the session was read; the server then refuses it as received before, which means "ask", not "fail". Gives up
 * when a round of asking and sending has changed nothing.
 */
export async function sendMissing(
  upload: Upload,
  missing: readonly ByteRange[],
  chunkSize: number,
  abortSignal: AbortSignal,
): Promise<ByteRange[]> {
  const { client, sessionId } = upload;
  const sent: ByteRange[] = [];
  let expected = missing;
  while (expected.length > 0) {
    const groups = expected.map((range) => splitRange(range, chunkSize));
    const { accepted, failures } = await uploadChunks(upload, groups, abortSignal);
    const serious = failures.find((failure) => !isReceivedBefore(failure));
    if (serious !== undefined) throw serious;
    sent.push(...accepted);
    const session = await client.getUploadSession({ sessionId, abortSignal });
    if (session === undefined) throw new Error("the server has lost the session");
    if (sumOf(session.expectedRanges) === sumOf(expected)) throw new Error("the upload makes no progress");
    expected = session.expectedRanges;
  }
  return sent;
}

function isReceivedBefore(failure: unknown): boolean {
  return isFabricError(failure) && failure.code === "FABRIC_E_UPLOAD_SESSION_RANGE_NOT_SATISFIABLE";
}
