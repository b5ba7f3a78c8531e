import { InvalidInputError } from "../errors/errors.js";
import type { EngineSource } from "./byte-source.js";
import { contentDigest } from "./fingerprint.js";
import { hexOf } from "./session-id.js";
import { SourceError } from "./upload-error.js";
import type { FileUpload, UploadRun } from "./upload-run.js";

/** A text that stands for the content of a file, by the option `fingerprint`. */
export async function fingerprintOf(run: UploadRun, file: FileUpload): Promise<string> {
  const { fingerprint } = run.settings;
  const { source } = file;
  if (fingerprint === "content") return `content ${await hashContent(run, file)}`;
  if (fingerprint !== "stat") {
    const own: unknown = await fingerprint(source);
    // Of two contents without one, the second would go on with the session of the first.
    if (typeof own !== "string" || own === "") {
      throw new InvalidInputError("fingerprint", "must be a function that returns a text, not empty");
    }
    return `own ${own}`;
  }
  if (source.identity === undefined) {
    throw new InvalidInputError("fingerprint", 'cannot be "stat": this source has no name and time');
  }
  return `stat ${source.identity}`;
}

/**
 * Hashes the content of a file, once for each source it has. Returns the hash in hex. From then on, the source of `file`
 * can tell whether it still has that content.
 */
export async function hashContent(run: UploadRun, file: FileUpload): Promise<string> {
  const { source, tracker, hash: known } = file;
  if (known?.source === source) return known.digest;
  const hash = async (onHashed: (bytes: number) => void) =>
    hexOf(await contentDigest(source, run.blocks, run.signal, onHashed));
  tracker.enter("hashing");
  const digest = await hash((bytes) => tracker.hashed(bytes));
  file.source = withHashCheck(digest, source, () => hash(() => {}));
  file.hash = { source: file.source, digest };
  return digest;
}

/** For sources that cannot tell by themselves whether they have changed. */
function withHashCheck(digest: string, source: EngineSource, hash: () => Promise<string>): EngineSource {
  if (source.assertUnchanged !== undefined) return source;
  const assertUnchanged = async () => {
    if ((await hash()) !== digest) throw new SourceError("The source has changed while it was sent.");
  };
  const { size, identity, whole } = source;
  return {
    size,
    read: source.read.bind(source),
    assertUnchanged,
    ...(identity === undefined ? {} : { identity }),
    ...(whole === undefined ? {} : { whole }),
  };
}
