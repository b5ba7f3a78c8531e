/** Which files there are, by folder, and how long they are: what a listing tells. */
export class SinkTree {
  readonly #folders = new Map<string, Map<string, number>>();
  /** The names of the folders in each folder. */
  readonly #subfolders = new Map<string, Set<string>>();

  add(path: string, size: number): void {
    const { folder, name } = split(path);
    const files = this.#folders.get(folder);
    if (files === undefined) {
      this.#folders.set(folder, new Map([[name, size]]));
      this.#addFolder(folder);
    } else files.set(name, size);
  }

  /** The JSON that a gateway answers for a path; undefined when nothing is there. */
  list(path: string): string | undefined {
    const { folder, name } = split(path);
    const size = this.#folders.get(folder)?.get(name);
    if (size !== undefined) return listing([storeFile(path, size)], []);
    const files = [...(this.#folders.get(path) ?? [])];
    const folders = [...(this.#subfolders.get(path) ?? [])];
    if (files.length + folders.length === 0) return undefined;
    return listing(
      files.map(([file, length]) => storeFile(`${path}/${file}`, length)),
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

const version = { EpochDataLossNumber: "1", VersionNumber: "1", EpochConfigurationNumber: "1" };

export function storeFile(path: string, size: number) {
  return {
    StoreRelativePath: path,
    FileVersion: version,
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
