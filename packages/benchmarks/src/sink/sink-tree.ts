interface SinkFile {
  readonly size: number;
  readonly version: number;
}

/** Which files there are, by folder, how long they are, and which write made them: what a listing tells. */
export class SinkTree {
  readonly #folders = new Map<string, Map<string, SinkFile>>();
  #writes = 0;
  /** The names of the folders in each folder. */
  readonly #subfolders = new Map<string, Set<string>>();

  add(path: string, size: number): void {
    const { folder, name } = split(path);
    const files = this.#folders.get(folder);
    this.#writes += 1;
    const file = { size, version: this.#writes };
    if (files === undefined) {
      this.#folders.set(folder, new Map([[name, file]]));
      this.#addFolder(folder);
    } else files.set(name, file);
  }

  /** The JSON that a gateway answers for a path; undefined when nothing is there. */
  list(path: string): string | undefined {
    const { folder, name } = split(path);
    const found = this.#folders.get(folder)?.get(name);
    if (found !== undefined) return listing([storeFile(path, found.size, found.version)], []);
    const files = [...(this.#folders.get(path) ?? [])];
    const folders = [...(this.#subfolders.get(path) ?? [])];
    if (files.length + folders.length === 0) return undefined;
    return listing(
      files.map(([file, { size, version }]) => storeFile(`${path}/${file}`, size, version)),
      folders.map((subfolder) => ({ StoreRelativePath: `${path}/${subfolder}`, FileCount: "1" })),
    );
  }

  #addFolder(path: string): void {
    if (path === "") return;
    const { folder, name } = split(path);
    const siblings = this.#subfolders.get(folder);
    if (siblings !== undefined) siblings.add(name);
    else {
      this.#subfolders.set(folder, new Set([name]));
      this.#addFolder(folder);
    }
  }
}

function split(path: string): { readonly folder: string; readonly name: string } {
  const end = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(end, 0)), name: path.slice(end + 1) };
}

export function storeFile(path: string, size: number, version = 1) {
  return {
    StoreRelativePath: path,
    FileVersion: {
      EpochDataLossNumber: "1",
      VersionNumber: String(version),
      EpochConfigurationNumber: "1",
    },
    FileSize: String(size),
    ModifiedDate: "2026-01-01T00:00:00.000Z",
  };
}

export function listing(
  StoreFiles: readonly unknown[],
  StoreFolders: readonly unknown[],
  ContinuationToken = "",
): string {
  return JSON.stringify({ StoreFiles, StoreFolders, ContinuationToken });
}
