import { isFabricError } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";

/** The size of the file at a path. Undefined if nothing is there, or a folder. */
export async function fileSizeAt(
  store: ImageStore,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<number | undefined> {
  try {
    // The listing of a file is that file (protocol §1.3).
    for await (const entry of store.listContent({ storePath, abortSignal })) {
      const isIt = entry.kind === "file" && entry.storePath.toLowerCase() === storePath.toLowerCase();
      return isIt ? entry.fileSize : undefined;
    }
    return undefined;
  } catch (error) {
    // A folder that does not exist has no code either.
    if (isFabricError(error) && error.status === 404) return undefined;
    throw error;
  }
}
