import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import yauzl from "yauzl";

/** What is in an archive, by another library than the one that wrote it. Folders end in a slash and are empty. */
export async function archiveContent(path: string): Promise<Record<string, string>> {
  const open = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open);
  const zip = await open(path, { lazyEntries: true, strictFileNames: true });
  const found: Record<string, string> = {};
  return new Promise((resolve, reject) => {
    zip.on("entry", (entry: yauzl.Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error) return reject(error);
        text(stream).then((content) => {
          found[entry.fileName] = content;
          zip.readEntry();
        }, reject);
      });
    });
    zip.on("end", () => resolve(found));
    zip.on("error", reject);
    zip.readEntry();
  });
}
