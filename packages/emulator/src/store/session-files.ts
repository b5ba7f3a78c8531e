import { openSync } from "node:fs";
import { systemErrorCode } from "../wire/fabric-error.js";

/** Where a chunk belongs in the complete file. */
export interface ChunkPlace {
  readonly sessionId: string;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Of the complete file. */
  readonly size: number;
}

/** The part of a session's file that one chunk writes. */
export interface Part extends ChunkPlace {
  /** The path of the session's file. */
  readonly file: string;
  /** Bytes that have arrived. */
  written: number;
}

/** The bytes of a chunk: a file of its own, or a part of its session's file. */
export interface StagedChunk {
  readonly file: string;
  readonly part?: Part;
}

/** The parts of one file by start. They never overlap. */
type Parts = Map<number, Part>;

/**
 * The files that the chunks of a session share, each chunk at its final place, so that a commit need not copy them. A part
 * belongs to one chunk from before its first byte until the chunk is discarded, so no two chunks write the same bytes.
 */
export class SessionFiles {
  readonly #files = new Map<string, Parts>();
  /** The file of each session, while it accepts chunks. */
  readonly #open = new Map<string, { readonly file: string; readonly size: number }>();

  /**
   * Reserves the part of a chunk, and opens the file for writing.
   * @param newFile The path of the file if the session has none.
   * @returns Undefined if the chunk needs a file of its own.
   */
  claim(place: ChunkPlace, newFile: string): { part: Part; descriptor: number } | undefined {
    const { sessionId, start, end, size } = place;
    const existing = this.#open.get(sessionId);
    const file = existing?.file ?? newFile;
    const parts: Parts = this.#files.get(file) ?? new Map();
    if (existing !== undefined && existing.size !== size) return undefined;
    for (const other of parts.values()) if (other.start < end && start < other.end) return undefined;
    const descriptor = tryToOpen(file, existing === undefined ? "wx" : "r+");
    if (descriptor === undefined) return undefined;
    const part = { ...place, file, written: 0 };
    this.#open.set(sessionId, { file, size });
    this.#files.set(file, parts.set(start, part));
    return { part, descriptor };
  }

  /** The parts of a file. Undefined for other files. */
  partsOf(file: string): readonly Part[] | undefined {
    const parts = this.#files.get(file);
    return parts === undefined ? undefined : [...parts.values()];
  }

  /** Gives up a part. @returns Whether it was the last one, so that the caller must delete the file. */
  release({ file, sessionId, start, end, written }: Part): boolean {
    const parts = this.#files.get(file);
    if (parts?.delete(start) !== true) return false;
    // A commit may have linked the file, or may be copying this part, so no other chunk may overwrite it.
    const isFinal = parts.size === 0 || written === end - start;
    if (isFinal && this.#open.get(sessionId)?.file === file) this.#open.delete(sessionId);
    return parts.size === 0 && this.#files.delete(file);
  }
}

/** A missing file is not created again, because the parts that it contained would be zeros. */
function tryToOpen(file: string, flags: "wx" | "r+"): number | undefined {
  try {
    return openSync(file, flags);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
