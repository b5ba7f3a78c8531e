import { createWriteStream } from "node:fs";
import { statfs, writeFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { type ByteStream, InvalidInputError, type StoreBackend } from "@sf-image-store/client/node";
import { isReservedFolder } from "@sf-image-store/types";
import { copyInFolder } from "./copy-in-folder.js";
import { inFolder } from "./folder-error.js";
import { listFolder, sizeOfFolder } from "./folder-listing.js";
import { safePath } from "./safe-path.js";
import { hasSameContent } from "./same-content.js";
import { removeStaged, writeStaged } from "./staging.js";

/** An image store that is a folder, as development clusters have it. */
export function createFolderBackend(root: string): StoreBackend {
  const isAt = (what: string) => `${what} in the image store ${root} failed`;
  return {
    getContentPage: ({ storePath, abortSignal } = {}) =>
      inFolder(isAt(`Listing ${storePath ?? "the root"}`), abortSignal, () => listFolder(root, storePath)),

    putFile: ({ storePath, content, abortSignal }) =>
      inFolder(isAt(`Writing ${storePath}`), abortSignal, async () => {
        const bytes = content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : content;
        const path = await safePath(root, storePath);
        await writeStaged(root, path, (unfinished) => writeFile(unfinished, bytes, stopping(abortSignal)));
      }),

    putStream: ({ storePath, content, abortSignal }) =>
      inFolder(isAt(`Writing ${storePath}`), abortSignal, async () => {
        const path = await safePath(root, storePath);
        await writeStaged(root, path, (unfinished) =>
          pipeline(chunksOf(content), createWriteStream(unfinished), stopping(abortSignal)),
        );
      }),

    holdsContent: ({ storePath, source, abortSignal = new AbortController().signal }) =>
      inFolder(isAt(`Reading ${storePath}`), abortSignal, async () =>
        hasSameContent(await safePath(root, storePath), source, abortSignal),
      ),

    deleteContent: ({ storePath, abortSignal }) =>
      inFolder(isAt(`Deleting ${storePath}`), abortSignal, async () => {
        if (isReservedFolder(storePath)) {
          throw new InvalidInputError(
            "storePath",
            `must not be ${storePath}, which the cluster keeps for itself`,
          );
        }
        await removeStaged(root, await safePath(root, storePath));
      }),

    copyContent: (options) =>
      inFolder(isAt(`Copying ${options.source}`), options.abortSignal, () => copyInFolder(root, options)),

    getFolderSize: ({ storePath, abortSignal } = {}) =>
      inFolder(isAt(`Reading ${storePath ?? "the root"}`), abortSignal, () => sizeOfFolder(root, storePath)),

    getImageStoreInfo: ({ abortSignal } = {}) =>
      inFolder(isAt("Reading the disk"), abortSignal, async () => {
        const { bsize, blocks, bavail } = await statfs(root);
        const diskInfo = { capacity: blocks * bsize, availableSpace: bavail * bsize };
        const unknown = undefined;
        return {
          diskInfo,
          usedByMetadata: unknown,
          usedByStaging: unknown,
          usedByCopy: unknown,
          usedByRegister: unknown,
        };
      }),
  };
}

function stopping(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

async function* chunksOf(content: ByteStream): AsyncGenerator<Uint8Array> {
  const reader = content.stream().getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
