import { lstatSync, rmdirSync } from "node:fs";
import { join, sep } from "node:path";
import { FabricError } from "../wire/fabric-error.js";
import { type Platform, parentsOf, type StorePath, separatorOf } from "./store-path.js";

/**
 * Maps store paths to paths on disk. On the platform `windows`, case is ignored (protocol §5.2), so a folder keeps the spelling
 * of its creation, even on a case-sensitive disk.
 */
export class DiskNames {
  readonly #root: string;
  readonly #platform: Platform;
  readonly #folders = new Map<string, string>();

  constructor(root: string, platform: Platform) {
    this.#root = root;
    this.#platform = platform;
  }

  /** Records the spelling of a folder on disk. */
  remember(key: string, disk: string): void {
    this.#folders.set(key, disk);
  }

  /** Removes the records of a folder and everything in it. */
  forget(key: string): void {
    const prefix = key + separatorOf(this.#platform);
    for (const known of this.#folders.keys()) {
      if (known === key || known.startsWith(prefix)) this.#folders.delete(known);
    }
  }

  /** The folder with this path, if there is one. */
  folder(path: StorePath): string | undefined {
    return this.#folders.get(path.key);
  }

  /** The path on disk for a new file or folder, with `/`. */
  place({ segments, key }: StorePath): string {
    let disk = "";
    for (const [depth, folder] of [...parentsOf(key), key].entries()) {
      const segment = segments[depth] ?? "";
      disk = this.#folders.get(folder) ?? (disk === "" ? segment : `${disk}/${segment}`);
    }
    return disk;
  }

  /** Records the parent folders of a file that was just written. */
  rememberParents(path: StorePath, disk: string): void {
    const parents = parentsOf(path.key);
    // Most files have siblings. Then the parents of their folder are known, too.
    if (this.#folders.has(parents.at(-1) ?? "")) return;
    for (const [index, folder] of parentsOf(disk).entries()) {
      const key = parents[index];
      if (key !== undefined) this.remember(key, folder);
    }
  }

  /**
   * The absolute form of a path on disk.
   * @throws FabricError `E_INVALIDARG` if the path goes through a symbolic link, which can lead outside.
   */
  resolve(disk: string): string {
    let place = this.#root;
    for (const name of disk.split("/")) {
      place += sep + name;
      const found = lstatSync(place, { throwIfNoEntry: false });
      if (found === undefined) break;
      if (!found.isSymbolicLink()) continue;
      const message = "The emulator rejects this store path because it goes through a symbolic link.";
      throw new FabricError("E_INVALIDARG", message);
    }
    return join(this.#root, disk);
  }

  /** Removes the empty parent folders of a path, so that a file can use their names. */
  prune(path: StorePath): void {
    const names = this.place(path).split("/");
    const keys = path.key.split(separatorOf(this.#platform));
    for (let length = names.length - 1; length > 0; length--) {
      try {
        rmdirSync(this.resolve(names.slice(0, length).join("/")));
      } catch {
        return; // Not empty, never made, or behind a symbolic link and none of ours.
      }
      this.#folders.delete(keys.slice(0, length).join(separatorOf(this.#platform)));
    }
  }
}
