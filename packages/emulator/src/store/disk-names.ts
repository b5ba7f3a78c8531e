import { lstatSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { FabricError } from "../wire/fabric-error.js";
import { foldCase, type Platform, type StorePath, separatorOf } from "./store-path.js";

/**
 * Where paths are on disk. On Windows case does not tell two names apart (protocol §5.2), so a folder keeps the spelling
 * under which it was made, whatever the machine below us thinks of case.
 */
export class DiskNames {
  readonly #root: string;
  readonly #platform: Platform;
  readonly #folders = new Map<string, string>();

  constructor(root: string, platform: Platform) {
    this.#root = root;
    this.#platform = platform;
  }

  /** The spelling of a folder on disk, by its key. */
  remember(key: string, disk: string): void {
    this.#folders.set(key, disk);
  }

  /** Forgets a folder that was removed, and everything in it. */
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

  /** Where a new file or folder of this path goes; names joined by `/`. */
  place({ segments }: StorePath): string {
    let disk = "";
    let key = "";
    for (const segment of segments) {
      const separator = key === "" ? "" : separatorOf(this.#platform);
      key += separator + foldCase(segment, this.#platform);
      disk = this.#folders.get(key) ?? (disk === "" ? segment : `${disk}/${segment}`);
    }
    return disk;
  }

  /** Remembers the folders that lead to a file that was just written. */
  rememberParents(path: StorePath, disk: string): void {
    const names = disk.split("/");
    const keys = path.key.split(separatorOf(this.#platform));
    for (let length = 1; length < keys.length; length++) {
      this.remember(
        keys.slice(0, length).join(separatorOf(this.#platform)),
        names.slice(0, length).join("/"),
      );
    }
  }

  /**
   * The absolute path of a place.
   * @throws FabricError `E_INVALIDARG` when a symbolic link is on the way, for it may lead outside.
   */
  resolve(disk: string): string {
    let place = this.#root;
    for (const name of disk.split("/")) {
      place = join(place, name);
      const found = lstatSync(place, { throwIfNoEntry: false });
      if (found === undefined) break;
      if (!found.isSymbolicLink()) continue;
      const message = "The emulator refuses this store path: it goes through a symbolic link.";
      throw new FabricError("E_INVALIDARG", message);
    }
    return join(this.#root, disk);
  }

  /** Removes the folders that lead to a path as far as they are empty, so that their names are free again. */
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
