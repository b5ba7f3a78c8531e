import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bytesOf } from "./store.js";

export interface Directory extends AsyncDisposable {
  readonly path: string;
  /** Writes a file. Returns its path on disk. */
  write(relativePath: string, content: string | Uint8Array): Promise<string>;
}

/** A directory on disk with files of the given sizes. Names that end with `/` are folders. */
export async function directoryOf(sizes: Readonly<Record<string, number>>): Promise<Directory> {
  const path = await mkdtemp(join(tmpdir(), "sf-package-"));
  const write = async (relativePath: string, content: string | Uint8Array) => {
    const file = join(path, relativePath);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  const names = Object.keys(sizes);
  const folders = new Set(names.map((name) => (name.endsWith("/") ? name : dirname(name))));
  for (const folder of folders) await mkdir(join(path, folder), { recursive: true });
  const files = Object.entries(sizes).filter(([name]) => !name.endsWith("/"));
  await Promise.all(files.map(([name, size]) => writeFile(join(path, name), bytesOf(size, name.length))));
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
