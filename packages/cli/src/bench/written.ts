import { isFabricError } from "@sf-image-store/client/node";
import type { Connection } from "../connection/open-client.js";
import { reasonOf } from "../errors/errors.js";
import { listEntries } from "../store/tree.js";

type Client = Pick<Connection, "deleteUploadSession" | "deleteContent" | "listContent">;

/** Something that could not be removed. */
export interface Left {
  readonly kind: "folder" | "session";
  /** The store path, or the ID of the session. */
  readonly name: string;
  readonly reason: string;
}

/** Requests that were aborted may write after the first deletion. */
const maxDeletions = 3;

/** What `bench` has written and not removed yet. */
export class Written {
  /** Whether the folder may exist. */
  folder = false;
  readonly sessions = new Set<string>();
  readonly #client: Client;
  readonly #storePath: string;

  constructor(client: Client, storePath: string) {
    this.#client = client;
    this.#storePath = storePath;
  }

  /** Deletes a session, if it exists. */
  async deleteSession(sessionId: string, abortSignal: AbortSignal): Promise<void> {
    await ifFound(this.#client.deleteUploadSession({ sessionId, abortSignal }));
    this.sessions.delete(sessionId);
  }

  /** Removes everything. Returns what is left. */
  async remove(abortSignal: AbortSignal): Promise<readonly Left[]> {
    const left: Left[] = [];
    const attempt = async (kind: Left["kind"], name: string, work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        left.push({ kind, name, reason: reasonOf(error) });
      }
    };
    for (const sessionId of this.sessions) {
      await attempt("session", sessionId, () => this.deleteSession(sessionId, abortSignal));
    }
    if (this.folder) await attempt("folder", this.#storePath, () => this.#deleteFolder(abortSignal));
    return left;
  }

  async #deleteFolder(abortSignal: AbortSignal): Promise<void> {
    for (let deletion = 1; deletion <= maxDeletions; deletion += 1) {
      await ifFound(this.#client.deleteContent({ storePath: this.#storePath, abortSignal }));
      const entries = await listEntries(this.#client, this.#storePath, abortSignal);
      if (entries === undefined || entries.length === 0) {
        this.folder = false;
        return;
      }
    }
    throw new Error("The cluster reported that it deleted the folder, but still lists it.");
  }
}

/** Ignores that there was nothing to delete. */
async function ifFound(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!isFabricError(error) || error.status !== 404) throw error;
  }
}
