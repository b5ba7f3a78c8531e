import { lstatSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FabricError, systemErrorCode } from "../fabric-error.js";
import type { StorePath } from "./store-path.js";

/**
 * The committed files: `<location>/content/<store path>`. Case does not tell two files apart (protocol §5.2), so a name
 * that exists already keeps its spelling. Look-up and rename run without a pause in between: no request can slip in.
 */
export class Content {
  readonly #root: string;
  /** Which session wrote the file at a path, by the path's key: what makes a repeated commit a no-op. */
  readonly #writtenBy = new Map<string, string>();

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(location: string): Promise<Content> {
    const root = join(location, "content");
    await mkdir(root, { recursive: true });
    return new Content(root);
  }

  wasWrittenBy(path: StorePath, sessionId: string): boolean {
    return this.#writtenBy.get(path.key) === sessionId;
  }

  /** Moves a finished file to its place, replacing in one step whatever file was there. */
  replace(path: StorePath, finishedFile: string, sessionId: string): void {
    const target = this.resolve(path);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(finishedFile, target);
    this.#writtenBy.set(path.key, sessionId);
  }

  /**
   * The absolute path on disk, whether or not a file is there.
   * @throws FabricError `E_INVALIDARG` when a symbolic link is on the way, for it may lead outside.
   */
  resolve(path: StorePath): string {
    let place = this.#root;
    for (const segment of path.segments) {
      place = join(place, existingName(place, segment) ?? segment);
      if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
        throw new FabricError(
          "E_INVALIDARG",
          "The emulator refuses this store path: it goes through a symbolic link.",
        );
      }
    }
    return place;
  }
}

/** The spelling under which a folder holds a name already, if it does. */
function existingName(folder: string, name: string): string | undefined {
  // Most look-ups end here, without reading a folder of thousands of names.
  if (lstatSync(join(folder, name), { throwIfNoEntry: false }) !== undefined) return name;
  const wanted = name.toLowerCase();
  return namesIn(folder).find((existing) => existing.toLowerCase() === wanted);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}
