import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { InvalidInputError } from "../errors/errors.js";
import { type FileSource, sourceOfDescriptor } from "./file-source.js";

/** Options of `spoolStream`. */
export interface SpoolOptions {
  /** The maximum number of bytes. @default no limit */
  readonly maxBytes?: number;
  /** Stops reading and deletes the file. */
  readonly abortSignal?: AbortSignal;
}

/**
 * Copies a stream of unknown size to a temporary file, so that it can be uploaded: an upload needs the size, and may have to read
 * content again. The file is private and has no name, so the system deletes it when it is closed, even if the process is killed.
 * The caller must close the source. Rejects with InvalidInputError if the stream has more than `maxBytes`, and with the errors of
 * the stream and the disk.
 */
export async function spoolStream(
  stream: NodeJS.ReadableStream | AsyncIterable<Uint8Array>,
  { maxBytes = Infinity, abortSignal }: SpoolOptions = {},
): Promise<FileSource> {
  const file = await TemporaryFile.create();
  const copy = async (pieces: AsyncIterable<Uint8Array | string>) => {
    for await (const piece of pieces) {
      const bytes = typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
      if (file.size + bytes.byteLength > maxBytes) {
        throw new InvalidInputError("source", `must not have more than ${maxBytes} bytes`);
      }
      await file.append(bytes);
    }
  };
  try {
    // Destroys the stream after a failure, so that it does not keep the process alive.
    await pipeline(stream, copy, abortSignal === undefined ? {} : { signal: abortSignal });
    return await file.toSource("temporary copy");
  } catch (error) {
    await file.close();
    abortSignal?.throwIfAborted();
    throw error;
  }
}

/** A private file without a name. */
export class TemporaryFile {
  readonly #handle: FileHandle;
  #size = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(): Promise<TemporaryFile> {
    const path = join(tmpdir(), `sf-image-store-${randomUUID()}`);
    const handle = await open(path, "wx+", 0o600);
    try {
      await unlink(path);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new TemporaryFile(handle);
  }

  get size(): number {
    return this.#size;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.byteLength; ) {
      const { bytesWritten } = await this.#handle.write(bytes, written, bytes.byteLength - written);
      written += bytesWritten;
    }
    this.#size += bytes.byteLength;
  }

  /** The content as a source, which closes this file. Nothing can be appended afterward. */
  async toSource(name: string): Promise<FileSource> {
    const handle = this.#handle;
    return sourceOfDescriptor(name, await handle.stat({ bigint: true }), {
      file: handle.fd,
      close: () => handle.close(),
    });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
