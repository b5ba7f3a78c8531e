import type { PathProblem } from "../package/names.js";
import { foldersAbove, type PackageContent, type PackageFile } from "../package/package-options.js";
import { markName } from "../wire/store-path.js";

/** Which files of a directory or archive belong to the package. */
export interface SelectionOptions {
  /**
   * Leaves out a file, or a folder with everything in it. Called with the path from the package, with `/` as separator. Folders
   * that contain only files that were left out are left out, too.
   * @default nothing is left out
   */
  readonly exclude?: (relativePath: string, kind: "file" | "folder") => boolean;
}

/** The content of a package on this machine. */
export interface LocalContent extends PackageContent {
  readonly folders: readonly string[];
  /** The paths that `exclude` left out, sorted. The path of a folder ends with `/` and stands for everything in it. */
  readonly excluded: readonly string[];
}

/** Collects the content of a package. */
export class Selection {
  readonly files: PackageFile[] = [];
  readonly folders: string[] = [];
  readonly problems: PathProblem[] = [];
  readonly #excluded: string[] = [];
  /** Whether folders are left out. */
  readonly #above = new Map<string, boolean>();
  readonly #exclude: SelectionOptions["exclude"];

  constructor({ exclude }: SelectionOptions) {
    this.#exclude = exclude;
  }

  /** Records that the path is left out, if it is. Mark files of an earlier download never belong to a package. */
  leavesOut(relativePath: string, kind: "file" | "folder"): boolean {
    if (kind === "file" && nameOf(relativePath).toLowerCase() === markName) return true;
    if (this.#exclude?.(relativePath, kind) !== true) return false;
    this.#excluded.push(kind === "file" ? relativePath : `${relativePath}/`);
    return true;
  }

  /** Like `leavesOut` for a path whose parent folders may be left out, which archives do not list. */
  leavesOutBelow(relativePath: string, kind: "file" | "folder"): boolean {
    for (const folder of foldersAbove(relativePath)) {
      const known = this.#above.get(folder) ?? this.leavesOut(folder, "folder");
      this.#above.set(folder, known);
      if (known) return true;
    }
    if (kind === "file") return this.leavesOut(relativePath, kind);
    const known = this.#above.get(relativePath) ?? this.leavesOut(relativePath, kind);
    this.#above.set(relativePath, known);
    return known;
  }

  content(): LocalContent {
    return {
      files: this.files.sort((a, b) => compareStrings(a.relativePath, b.relativePath)),
      folders: this.#keptFolders().sort(compareStrings),
      excluded: this.#excluded.sort(compareStrings),
    };
  }

  #keptFolders(): string[] {
    if (this.#excluded.length === 0) return this.folders;
    const emptied = new Set(this.#excluded.flatMap((path) => foldersAbove(path.replace(/\/$/, ""))));
    const files = this.files.map(({ relativePath }) => relativePath);
    const empty = this.folders.filter((folder) => !emptied.has(folder));
    const filled = new Set([...files, ...empty].flatMap(foldersAbove));
    return this.folders.filter((folder) => !emptied.has(folder) || filled.has(folder));
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Compares code units, so that the order is the same on every machine. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
