import { InvalidInputError } from "../errors/errors.js";
import { deriveSessionId } from "./session-id.js";
import type { FileUpload } from "./upload-run.js";

/** The ids a file is uploaded under: one, unless somebody uses that one for something else. */
export interface SessionIds {
  readonly current: string;
  /** Goes on to another id. Rejects when there is none. */
  next(): Promise<void>;
  /** Whether the current id depends on the content alone, and another could be had. */
  isFirst(): boolean;
}

/** How many ids are tried. That one belongs to another upload takes either much bad luck or intent. */
const mostLives = 8;

/**
 * Ids derived from what is uploaded; see `deriveSessionId`. All but the first depend on what is in the store, too: a file
 * remembers the id of the session it was committed from, and committing under that id again writes nothing (protocol §2.5).
 */
export async function derivedIds(file: FileUpload, fingerprint: string): Promise<SessionIds> {
  const { storePath, source } = file;
  let life = file.firstLife;
  const derive = async () => {
    const version = life === 0 ? [] : versionOf(file);
    file.sessionId = await deriveSessionId(storePath, source.size, [fingerprint, ...version].join(" "), life);
    return file.sessionId;
  };
  let current = await derive();
  return {
    get current() {
      return current;
    },
    async next() {
      life += 1;
      if (life >= mostLives) throw new Error(`The ids of ${life} sessions are all used for other uploads`);
      current = await derive();
    },
    isFirst: () => life === 0,
  };
}

function versionOf({ before }: FileUpload): string[] {
  const version = before?.file?.fileVersion;
  if (version === undefined) return [];
  return [version.epochDataLossNumber, version.epochConfigurationNumber, version.versionNumber].map(String);
}

/** The one id that the caller has given. */
export function givenId(file: FileUpload, sessionId: string): SessionIds {
  file.sessionId = sessionId;
  return {
    current: sessionId,
    async next() {
      throw new InvalidInputError("sessionId", `is used for another upload: ${sessionId}`);
    },
    isFirst: () => false,
  };
}
