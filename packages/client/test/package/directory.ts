import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bytesOf } from "./store.js";

export interface Directory extends AsyncDisposable {
  readonly path: string;
  /** Writes a file into it, with so many bytes or this text. */
  write(relativePath: string, content: number | string): Promise<string>;
}

/** A directory on disk with files of so many bytes; names that end with `/` are folders. */
export async function directoryOf(sizes: Readonly<Record<string, number>>): Promise<Directory> {
  const path = await mkdtemp(join(tmpdir(), "sf-package-"));
  const write = async (relativePath: string, content: number | string) => {
    const file = join(path, relativePath);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, typeof content === "number" ? bytesOf(content, relativePath.length) : content);
    return file;
  };
  for (const [name, size] of Object.entries(sizes)) {
    if (name.endsWith("/")) await mkdir(join(path, name), { recursive: true });
    else await write(name, size);
  }
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
