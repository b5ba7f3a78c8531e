import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { operations } from "@sf-image-store/types";
import { defaultApiVersionMax } from "./api-version.js";
import { createUploadSessionHandlers } from "./handlers/upload-sessions.js";
import { startListening } from "./listening.js";
import type { RequestLogEntry } from "./request-log.js";
import { createRouter } from "./router.js";
import { createGateway } from "./server.js";
import { type Clock, SessionTable } from "./sessions/session-table.js";
import { Content } from "./store/content.js";
import { Staging } from "./store/staging.js";
import { parseStorePath } from "./store/store-path.js";

/** How to run an emulator. */
export interface EmulatorOptions {
  /** TCP port; 0 takes any free one. Default: 0. */
  readonly port?: number;
  /** Address to listen on. Default: `127.0.0.1`. Anything else lets other machines in: there is no authentication. */
  readonly host?: string;
  /** Folder for the files. It is made if absent, and kept. Default: a fresh temporary folder, removed by `close`. */
  readonly location?: string;
  /** Where `ModifiedDate` comes from. Default: the system's clock. */
  readonly clock?: Clock;
  /** Called once per request, after its answer was handed over for sending. It must not throw. */
  readonly onRequest?: (entry: RequestLogEntry) => void;
}

/** A running emulator. Works with `await using`. */
export interface Emulator {
  /** Where it listens, for example `http://127.0.0.1:41234`. */
  readonly endpoint: string;
  /** Absolute path of the folder that holds the files. */
  readonly location: string;
  /**
   * Absolute path on disk of a committed file.
   * @param storePath `/` and `\` separate alike, and case does not count.
   * @throws when no request could have written to such a path either.
   */
  contentPath(storePath: string): string;
  /** Drops open connections and removes what was not committed. May be called more than once. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an image store on this machine.
 * @throws the operating system's error, with its `code`, when the port or the location cannot be used.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const location = await openLocation(options.location);
  try {
    return await startAt(location, options);
  } catch (error) {
    await location.release();
    throw error;
  }
}

async function startAt(location: Location, options: EmulatorOptions): Promise<Emulator> {
  const { port = 0, host = "127.0.0.1", clock = Date, onRequest = () => {} } = options;
  const content = await Content.open(location.folder);
  const staging = await Staging.open(location.folder);
  const gateway = createGateway({
    router: createRouter(operations),
    handlers: createUploadSessionHandlers({ sessions: new SessionTable(clock), staging, content }),
    apiVersionMax: defaultApiVersionMax,
    onRequest,
  });
  const server = await startListening(gateway.listener, port, host).catch(async (error) => {
    await staging.remove();
    throw error;
  });
  const close = once(async () => {
    await server.stop();
    staging.abort();
    await gateway.settled();
    await staging.remove();
    await location.release();
  });
  return {
    endpoint: server.endpoint,
    location: location.folder,
    contentPath: (storePath) => content.resolve(parseStorePath(storePath)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Location {
  readonly folder: string;
  /** Removes the folder if it was made for this run only. */
  release(): Promise<void>;
}

async function openLocation(given: string | undefined): Promise<Location> {
  if (given !== undefined) return { folder: resolve(given), release: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "sf-image-store-"));
  return { folder, release: () => rm(folder, { recursive: true, force: true }) };
}

/** Every call shares the first one's work. */
function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
