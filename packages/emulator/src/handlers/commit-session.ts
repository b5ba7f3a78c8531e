import { stat } from "node:fs/promises";
import { FabricError, systemErrorCode } from "../fabric-error.js";
import type { ImageStore } from "../image-store.js";
import type { UploadSession } from "../sessions/session-table.js";
import type { Staging } from "../store/staging.js";

/**
 * Makes a session's chunks the file at its path. The session stays, with its chunks, until it is deleted (protocol §2.5).
 * @throws FabricError in the order of the protocol's two stages.
 */
export async function commitSession(store: ImageStore, id: string): Promise<void> {
  const session = store.sessions.find(id);
  // The gateway's stage: unknown, incomplete and zero-size sessions share one answer.
  if (session === undefined || session.ranges.expected().length > 0) throw new FabricError("E_INVALIDARG");
  await store.pendingWrites.run(session.path, async () => {
    if (store.content.wasWrittenBy(session.path, id)) return;
    // A first chunk that ended at `size` leaves nothing expected, yet never a whole file (protocol §2.4).
    if (!session.ranges.isComplete()) throw new FabricError("E_INVALIDARG");
    await writeFile(store, session);
  });
}

async function writeFile({ staging, content }: ImageStore, session: UploadSession): Promise<void> {
  // A path that leads outside is refused before its bytes are copied, and once more at the rename.
  content.resolve(session.path);
  const joined = await joinChunks(staging, session);
  await staging.handOver(joined, async () => {
    await checkLength(joined, session);
    await content.replace(session.path, joined, session.id);
  });
}

/** Sorted by where they claim to start, joined by their real length: two errors that cancel out go unseen. */
async function joinChunks(staging: Staging, session: UploadSession): Promise<string> {
  const inOrder = [...session.chunks].sort((left, right) => (left.start < right.start ? -1 : 1));
  try {
    return await staging.concatenate(inOrder.map((chunk) => chunk.file));
  } catch (error) {
    // The session was deleted while it was being committed.
    if (systemErrorCode(error) === "ENOENT") throw new FabricError("NotFound", undefined, { cause: error });
    throw error;
  }
}

async function checkLength(joined: string, { path, ranges }: UploadSession): Promise<void> {
  const { size } = await stat(joined, { bigint: true });
  if (size === ranges.size) return;
  throw new FabricError(
    "E_INVALIDARG",
    `The chunks of ${path.text} hold ${size} bytes together, but the upload session declares ${ranges.size}.`,
  );
}
