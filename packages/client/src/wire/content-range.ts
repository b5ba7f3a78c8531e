import { InvalidInputError } from "../errors/errors.js";

/**
 * The Content-Range of a chunk. Everything a server would take for something else, or store and then refuse at commit,
 * is refused here (protocol §2.1, §2.5): an empty chunk, an end behind the file, positions that are not whole numbers.
 */
export function contentRange(startPosition: number, chunkSize: number, fileSize: number): string {
  if (!Number.isSafeInteger(fileSize) || fileSize < 1) {
    throw new InvalidInputError("fileSize", `must be a whole number of bytes above zero, got ${fileSize}`);
  }
  if (!Number.isSafeInteger(startPosition) || startPosition < 0) {
    throw new InvalidInputError("startPosition", `must be a whole number of bytes, got ${startPosition}`);
  }
  if (chunkSize === 0) throw new InvalidInputError("chunk", "must not be empty");
  const endPosition = startPosition + chunkSize - 1;
  if (endPosition >= fileSize) {
    const chunk = `bytes ${startPosition} to ${endPosition}`;
    throw new InvalidInputError(
      "chunk",
      `must lie inside the file, got ${chunk} of a file of ${fileSize} bytes`,
    );
  }
  return `bytes ${startPosition}-${endPosition}/${fileSize}`;
}
