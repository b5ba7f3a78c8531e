import type { ImageStore } from "../connection/open-store.js";
import { isUnknownOperation, missingBytes } from "../store/sessions.js";

/** How many questions are under way at a time. */
const concurrency = 8;

interface AskedFile {
  readonly storePath: string;
  readonly size: number;
}

/**
 * What the cluster holds of files from uploads that were interrupted, by store path: as far as path and size tell.
 * Undefined for a store that keeps no sessions.
 * @param singleShot Files up to this size have none.
 */
export async function heldBytes(
  store: ImageStore,
  files: readonly AskedFile[],
  singleShot = 256 * 1024,
  abortSignal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  const sessionsOf = store.getUploadSessionsByPath?.bind(store);
  if (sessionsOf === undefined) return undefined;
  const held = new Map<string, number>();
  const queue = files.filter(({ size }) => size > singleShot).values();
  const ask = async () => {
    for (const { storePath, size } of queue) {
      const sessions = await sessionsOf({ storePath, abortSignal });
      const alike = sessions.filter(({ fileSize }) => fileSize === size);
      const most = Math.max(0, ...alike.map((session) => size - missingBytes(session)));
      if (most > 0) held.set(storePath, most);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, ask));
    return held;
  } catch (error) {
    if (isUnknownOperation(error)) return undefined;
    throw error;
  }
}
