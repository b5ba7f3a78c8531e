// For Symbol.asyncDispose below, where neither the caller's libraries nor the types of Node.js have it.
/// <reference lib="esnext.disposable" preserve="true" />

import type { EntraOptions } from "./cluster/description.js";
import type { Fault, FiredFault } from "./faults/fault.js";
import type { BearerOptions, TlsOptions } from "./security/options.js";
import type { Platform } from "./store/store-path.js";
import type { Clock } from "./wire/time.js";

export const defaultHost = "127.0.0.1";

/** Gateways use 4 MiB messages and reserve a part of them (protocol §1.3). */
export const defaultPageLimitBytes = 3 * 1024 * 1024;

/** How to run an emulator. */
export interface EmulatorOptions {
  /** TCP port; 0 takes any free one. Default: 0. */
  readonly port?: number;
  /** Address to listen on. Default: `127.0.0.1`. Anything else lets other machines in. */
  readonly host?: string;
  /** Folder for the files. It is made if absent, and kept. Default: a fresh temporary folder, removed by `close`. */
  readonly location?: string;
  /** Which kind of gateway to be. `linux` has no upload sessions, minds case, and separates by `/`. Default: `windows`. */
  readonly platform?: Platform;
  /** The newest api-version that is accepted, such as `6.4`; the cluster's version begins with it. Default: `11.3`. */
  readonly apiVersionMax?: string;
  /** The cluster's id: a request with another one in its `ClusterId` header is refused. Default: none. */
  readonly clusterId?: string;
  /**
   * Where the cluster's manifest says that packages are. With anything but `fabric:ImageStore`, such as
   * `file:C:\SfDevCluster\Data\ImageStoreShare`, there is no image store service: its operations answer 404
   * `FABRIC_E_SERVICE_DOES_NOT_EXIST`, and the folder is not touched. Default: `fabric:ImageStore`.
   */
  readonly imageStoreConnectionString?: string;
  /** Milliseconds a session is kept after its creation or its last new chunk. Default: 30 minutes. */
  readonly sessionLifetimeMs?: number;
  /** Milliseconds between two looks for sessions past that. Default: 5 minutes. */
  readonly sweepIntervalMs?: number;
  /** Longest listing of one answer, in estimated bytes. Default: 3 MiB. */
  readonly pageLimitBytes?: number;
  /** Where the time comes from, for `ModifiedDate` and for the life of sessions. Default: the system's clock. */
  readonly clock?: Clock;
  /** What shall go wrong. Default: nothing. */
  readonly faults?: readonly Fault[];
  /** HTTPS, and client certificates. Default: plain HTTP. */
  readonly tls?: TlsOptions;
  /** Tokens that callers need. Default: none. */
  readonly bearer?: BearerOptions;
  /** How callers get their tokens; told without asking for any, and not what `bearer` checks. Default: not configured. */
  readonly entra?: EntraOptions;
  /**
   * Origins of web pages that may read the answers, such as `http://localhost:5173`, letter by letter as browsers send
   * them. Such a page may be on another machine, too. Default: none.
   */
  readonly corsOrigins?: readonly string[];
  /** Called once per request, after its answer was handed over for sending. It must not throw. */
  readonly onRequest?: (entry: RequestLogEntry) => void;
  /** Called for every fault when it happens. It must not throw. */
  readonly onFault?: (fired: FiredFault) => void;
}

/** A running emulator. Works with `await using`. */
export interface Emulator {
  /** Where it listens, for example `http://127.0.0.1:41234`. */
  readonly endpoint: string;
  /** Absolute path of the folder that holds the files. */
  readonly location: string;
  /**
   * Absolute path on disk of a committed file.
   * @param storePath `/` and `\` separate alike; case does not count, unless the platform is `linux`.
   * @throws RangeError when no request could have written to such a path either.
   */
  contentPath(storePath: string): string;
  /** Adds a fault. @returns what takes it away again. @throws FaultError for one that makes no sense. */
  addFault(fault: Fault): () => void;
  /**
   * Another replica becomes primary: sessions and their chunks are lost, transfers under way fail with 503 `E_ABORT`,
   * committed files stay, and later writes have a higher version.
   */
  failover(): Promise<void>;
  /** Moves the emulator's time forward by so many milliseconds; sessions expire accordingly. */
  advance(ms: number): void;
  /** Drops open connections and removes what was not committed. May be called more than once. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What happened to one request. */
export interface RequestLogEntry {
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly url: string;
  /** The operation the URL named; absent when it named none. */
  readonly operationId?: string;
  /** The `Content-Range` header as sent. */
  readonly contentRange?: string;
  /** The HTTP status; absent when the connection broke before there was an answer. */
  readonly status?: number;
  /** `OK`, `NoContent`, `ConnectionBroken`, or the error's code. */
  readonly code: string;
  readonly durationMs: number;
  /** What went wrong inside, when the answer is the emulator's own failure (a 500). */
  readonly cause?: unknown;
}
