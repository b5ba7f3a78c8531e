import { InvalidInputError } from "../errors.js";
import { deriveSessionId } from "./session-id.js";
import type { FileUpload } from "./upload-run.js";

/** The ids a file is uploaded under: one, unless somebody uses that one for something else. */
export interface SessionIds {
  readonly current: string;
  /** Goes on to another id. Rejects when there is none. */
  next(): Promise<void>;
}

/** How many ids in a row may belong to somebody else. One already takes either much ill luck or intent. */
const mostLives = 5;

/** Ids derived from what is uploaded; see `deriveSessionId`. */
export async function derivedIds(file: FileUpload, fingerprint: string): Promise<SessionIds> {
  const { storePath, source } = file;
  let life = 0;
  const derive = async () => {
    file.sessionId = await deriveSessionId(storePath, source.size, fingerprint, life);
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
  };
}

/** The one id that the caller has given. */
export function givenId(file: FileUpload, sessionId: string): SessionIds {
  file.sessionId = sessionId;
  return {
    current: sessionId,
    async next() {
      throw new InvalidInputError("sessionId", `is used for another upload: ${sessionId}`);
    },
  };
}
