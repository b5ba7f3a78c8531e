import { type ByteRange, type ImageStoreClient, isAbortError } from "@sf-image-store/client";
import type { SourceFile } from "./source-file.js";

export interface Upload {
  readonly client: ImageStoreClient;
  readonly file: SourceFile;
  readonly storePath: string;
  readonly sessionId: string;
  readonly connections: number;
}

/**
 * Sends groups of chunks, one group per connection and as many groups at a time as there are connections. Returns the
 * chunks that the server has accepted, also when the signal stops it in between.
 */
export async function uploadChunks(
  { client, file, storePath, sessionId, connections }: Upload,
  groups: readonly (readonly ByteRange[])[],
  abortSignal: AbortSignal,
  onAccepted: (count: number) => void = () => {},
): Promise<ByteRange[]> {
  const waiting = [...groups];
  const accepted: ByteRange[] = [];
  const work = async () => {
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
  const ends = await Promise.allSettled(Array.from({ length: connections }, work));
  for (const end of ends) {
    if (end.status === "rejected" && !isAbortError(end.reason)) throw end.reason;
  }
  return accepted;
}
