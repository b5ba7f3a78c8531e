import { InvalidInputError } from "../errors.js";
import { SourceError } from "../upload-error.js";
import type { ByteSource, EngineSource } from "./byte-source.js";
import { contentDigest } from "./fingerprint.js";
import { hexOf } from "./session-id.js";
import type { UploadRun } from "./upload-run.js";

/** See the option `fingerprint`. */
export type Fingerprint = "content" | "stat" | ((source: ByteSource) => string | Promise<string>);

/** A text that stands for the content, and the source, which now knows whether it still has that content. */
export interface Fingerprinted {
  readonly fingerprint: string;
  readonly source: EngineSource;
}

/** @param onHashed Told of the bytes that are read for it. */
export async function fingerprinted(
  run: UploadRun,
  source: EngineSource,
  onHashed: (bytes: number) => void,
): Promise<Fingerprinted> {
  const { fingerprint } = run.settings;
  if (fingerprint === "content") {
    const hash = async (tell: (bytes: number) => void) =>
      `content ${hexOf(await contentDigest(source, run.blocks, run.signal, tell))}`;
    return withHashCheck(await hash(onHashed), source, () => hash(() => {}));
  }
  if (fingerprint !== "stat") {
    const own: unknown = await fingerprint(source);
    // Of two contents without one, the second would go on with the session of the first.
    if (typeof own !== "string" || own === "") {
      throw new InvalidInputError("fingerprint", "must be a function that returns a text, not empty");
    }
    return { fingerprint: `own ${own}`, source };
  }
  if (source.identity === undefined) {
    throw new InvalidInputError("fingerprint", 'cannot be "stat": this source has no name and time');
  }
  return { fingerprint: `stat ${source.identity}`, source };
}

/** For sources that cannot tell by themselves whether they have changed. */
function withHashCheck(
  fingerprint: string,
  source: EngineSource,
  hash: () => Promise<string>,
): Fingerprinted {
  if (source.assertUnchanged !== undefined) return { fingerprint, source };
  const assertUnchanged = async () => {
    if ((await hash()) !== fingerprint) throw new SourceError("The source has changed while it was sent.");
  };
  const { size, identity, whole } = source;
  return {
    fingerprint,
    source: {
      size,
      read: source.read.bind(source),
      assertUnchanged,
      ...(identity === undefined ? {} : { identity }),
      ...(whole === undefined ? {} : { whole }),
    },
  };
}
