import { Readable } from "node:stream";
import type { PackageFile } from "@sf-image-store/client/node";

const pieceSize = 1024 * 1024;

/** The bytes of a file, a piece at a time. Ends in an error when the file changes meanwhile. */
export function streamOf(file: PackageFile, abortSignal: AbortSignal): Readable {
  return Readable.from(piecesOf(file, abortSignal), {
    objectMode: false,
    highWaterMark: 1,
    signal: abortSignal,
  });
}

async function* piecesOf(file: PackageFile, abortSignal: AbortSignal): AsyncGenerator<Uint8Array> {
  const source = await file.open();
  if (source instanceof Blob || source instanceof Uint8Array)
    throw new TypeError("The file is not one on disk");
  try {
    for (let position = 0; position < source.size; position += pieceSize) {
      const endPosition = Math.min(position + pieceSize, source.size) - 1;
      const bytes = await source.read({ startPosition: position, endPosition }, { abortSignal });
      yield bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes;
    }
  } finally {
    await source.close?.();
  }
}
