import { open } from "node:fs/promises";
import type { ByteSource } from "@sf-image-store/client/node";
import { find } from "./folder-listing.js";

const pieceSize = 1024 * 1024;

/** Whether a file holds exactly what a source gives: by all bytes, not by size or date. */
export async function hasSameContent(
  path: string,
  source: ByteSource,
  abortSignal: AbortSignal,
): Promise<boolean> {
  const found = await find(path);
  if (!found?.isFile() || found.size !== source.size) return false;
  const file = await open(path, "r");
  const buffer = Buffer.allocUnsafe(Math.min(pieceSize, source.size));
  try {
    for (let position = 0; position < source.size; position += pieceSize) {
      const size = Math.min(pieceSize, source.size - position);
      const range = { startPosition: position, endPosition: position + size - 1 };
      const wanted = await source.read(range, { abortSignal });
      const { bytesRead } = await file.read(buffer, 0, size, position);
      const bytes = wanted instanceof Blob ? new Uint8Array(await wanted.arrayBuffer()) : wanted;
      if (bytesRead !== size || !buffer.subarray(0, size).equals(bytes)) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}
