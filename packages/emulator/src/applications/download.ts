import { crc32 } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { FabricError } from "../wire/fabric-error.js";
import { invalid } from "./manifests.js";
import type { PackageFile, PackageFiles, PackageStore } from "./packages.js";

/** How large a package can be. A cluster's limits are not known. */
const limits = {
  archiveBytes: 4 * 1024 ** 3,
  unpackedBytes: 16 * 1024 ** 3,
  entries: 100_000,
};

/** What a download needs from its caller. */
export interface DownloadOptions {
  readonly signal: AbortSignal;
  /** Called with each new progress, such as `Downloading: 35 %`. */
  readonly onProgress: (details: string) => void;
}

/** A downloaded package. Its file is removed when it is disposed. */
export interface DownloadedPackage extends PackageFiles, AsyncDisposable {}

/**
 * Downloads an `.sfpkg` file to the staging area, and opens it. Nothing is unpacked to the disk: each file is read from the
 * archive. @throws FabricError
 */
export async function downloadPackage(
  store: PackageStore,
  uri: string,
  options: DownloadOptions,
): Promise<DownloadedPackage> {
  const { staging } = store;
  const file = await staging.receive(receive(uri, options));
  try {
    const { openPromise } = await import("yauzl");
    // The library rejects absolute names, and names with `..`.
    const zip = await readable(openPromise(file, { autoClose: false, lazyEntries: true }));
    try {
      const files = await filesInArchive(store, zip);
      return {
        ...files,
        async [Symbol.asyncDispose]() {
          zip.close();
          await staging.discard({ file });
        },
      };
    } catch (error) {
      zip.close();
      throw error;
    }
  } catch (error) {
    await staging.discard({ file });
    throw error;
  }
}

async function* receive(uri: string, { signal, onProgress }: DownloadOptions): AsyncGenerator<Uint8Array> {
  // The query can contain a signature, which must not appear in a message.
  const name = uri.split(/[?#]/, 1)[0];
  let received = 0;
  try {
    const response = await fetch(uri, { signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw failed(`The server of ${name} responded with ${response.status} ${response.statusText}.`);
    }
    const total = Number(response.headers.get("Content-Length") ?? 0);
    let shown = "";
    for await (const piece of response.body) {
      received += piece.length;
      if (received > limits.archiveBytes) throw invalid(`${name} is larger than 4 GiB.`);
      // Few steps, because each one is written to the disk.
      const details =
        total > 0
          ? `Downloading: ${Math.min(100, Math.floor((received * 20) / total) * 5)} %`
          : `Downloading: ${Math.floor(received / 10_000_000) * 10} MB`;
      if (details !== shown) onProgress(details);
      shown = details;
      yield piece;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FabricError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw failed(`${name} could not be downloaded: ${reason.replace(/\.?$/, ".")}`, error);
  }
}

/** The code was not traced in the server's source. */
function failed(message: string, cause?: unknown): FabricError {
  return new FabricError("FABRIC_E_COMMUNICATION_ERROR", message, { cause });
}

async function filesInArchive({ content }: PackageStore, zip: ZipFile): Promise<PackageFiles> {
  const files = new Map<string, PackageFile>();
  if (zip.entryCount > limits.entries) throw invalid(`The package has more than ${limits.entries} files.`);
  let unpacked = 0;
  for await (const entry of entriesOf(zip)) {
    const { fileName, uncompressedSize: size } = entry;
    if (fileName.endsWith("/")) continue;
    unpacked += size;
    if (unpacked > limits.unpackedBytes) throw invalid("The files of the package are larger than 16 GiB.");
    const key = keyOf(fileName);
    if (files.has(key)) throw invalid(`The package contains ${fileName} more than once.`);
    files.set(key, { path: fileName, size, read: () => unpack(zip, entry) });
  }
  function keyOf(path: string): string {
    try {
      return content.parsePath(path).key.replaceAll("\\", "/");
    } catch (error) {
      throw invalid(`The package contains the name ${path}, which is not allowed.`, error);
    }
  }
  return {
    find: (path) => files.get(keyOf(path)),
    below: (folder) => {
      const start = `${keyOf(folder)}/`;
      const found = [...files].filter(([key]) => key.startsWith(start));
      return found.sort(([left], [right]) => (left < right ? -1 : 1)).map(([, file]) => file);
    },
  };
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  const entries = zip.eachEntry();
  for (;;) {
    const { value, done } = await readable(entries.next());
    if (done) return;
    yield value;
  }
}

/** The library verifies the size of a file, and fails before it returns more bytes. */
async function* unpack(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const stream = await readable(zip.openReadStreamPromise(entry));
  let checksum = 0;
  const pieces = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await readable<IteratorResult<Buffer>>(pieces.next());
      if (done === true) break;
      checksum = crc32(value, checksum);
      yield value;
    }
  } finally {
    stream.destroy();
  }
  if (checksum !== entry.crc32)
    throw invalid(`The package is damaged: ${entry.fileName} has another checksum.`);
}

async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`The package cannot be read as a zip archive: ${reason.replace(/\.?$/, ".")}`, error);
  }
}
