// For Symbol.asyncDispose below, where neither the caller's libraries nor the types of Node.js have it.
/// <reference lib="esnext.disposable" preserve="true" />

import type { HealthReport } from "./applications/state.js";
import type { EntraOptions } from "./cluster/description.js";
import type { Fault, FiredFault } from "./faults/fault.js";
import type { BearerOptions, TlsOptions } from "./security/options.js";
import type { Platform } from "./store/store-path.js";
import type { Clock } from "./wire/time.js";

export const defaultHost = "127.0.0.1";

/** Gateways use 4 MiB messages and reserve a part of them (protocol §1.3). */
export const defaultPageLimitBytes = 3 * 1024 * 1024;

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** TCP port to listen on. 0 picks a free port. Default: 0. */
  readonly port?: number;
  /** Address to listen on. A non-loopback address lets other machines connect. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Folder for the files. The emulator creates and keeps it. Default: a new temporary folder, which `close` deletes. */
  readonly location?: string;
  /** The gateway to emulate. `linux` has no upload sessions, is case-sensitive, and uses `/` in paths. Default: `windows`. */
  readonly platform?: Platform;
  /** The newest accepted api-version, such as `6.4`. The cluster's version starts with it. Default: `11.3`. */
  readonly apiVersionMax?: string;
  /** The cluster's ID. Requests with another ID in the `ClusterId` header are rejected. Default: accept any ID. */
  readonly clusterId?: string;
  /**
   * The location of packages in the cluster's manifest. With any other value, such as
   * `file:C:\SfDevCluster\Data\ImageStoreShare`, there is no image store service: its operations fail with 404
   * `FABRIC_E_SERVICE_DOES_NOT_EXIST`. The emulator does not access the folder. Default: `fabric:ImageStore`.
   */
  readonly imageStoreConnectionString?: string;
  /** How long a session is kept after its creation or its last new chunk, in milliseconds. Default: 30 minutes. */
  readonly sessionLifetimeMs?: number;
  /** Time between two checks for expired sessions, in milliseconds. Default: 5 minutes. */
  readonly sweepIntervalMs?: number;
  /** Maximum size of one page of a listing, in estimated bytes. Default: 3 MiB. */
  readonly pageLimitBytes?: number;
  /** Source of the time for `ModifiedDate` and for the expiry of sessions. Default: the system clock. */
  readonly clock?: Clock;
  /**
   * Plays a slow network: the emulator reads request bodies no faster than this many bytes per second, over all connections.
   * Default: no limit.
   */
  readonly bandwidth?: number;
  /** Faults to inject. Default: none. */
  readonly faults?: readonly Fault[];
  /** The number of upgrade domains, each with one node. From 1 to 100. Default: 3. */
  readonly upgradeDomains?: number;
  /**
   * How many times faster the time of application upgrades passes: the replacement of a version, health checks, and timeouts. With
   * 60, a health check that must be stable for 2 minutes takes 2 seconds. Default: 1.
   */
  readonly upgradeSpeed?: number;
  /** Options for HTTPS and client certificates. Default: plain HTTP. */
  readonly tls?: TlsOptions;
  /** Require bearer tokens. Default: no authentication. */
  readonly bearer?: BearerOptions;
  /** The sign-in settings that the cluster reports to callers. They have no effect on `bearer`. Default: not configured. */
  readonly entra?: EntraOptions;
  /**
   * Origins of web pages that can use the store, such as `http://localhost:5173`, exactly as browsers send them. The pages can be
   * on other machines. Default: none.
   */
  readonly corsOrigins?: readonly string[];
  /** Called once per request, when its response is being sent. It must not throw. */
  readonly onRequest?: (entry: RequestLogEntry) => void;
  /** Called for each fault when it happens. It must not throw. */
  readonly onFault?: (fired: FiredFault) => void;
}

/** A running emulator. Supports `await using`. */
export interface Emulator {
  /** The URL of the emulator, for example `http://127.0.0.1:41234`. */
  readonly endpoint: string;
  /** Absolute path of the folder that contains the files. */
  readonly location: string;
  /**
   * Absolute path on disk of a committed file.
   * @param storePath Separated by `/` or `\`. Case is ignored unless the platform is `linux`.
   * @throws RangeError for a path that requests cannot use either.
   */
  contentPath(storePath: string): string;
  /** Adds a fault. @returns A function that removes it. @throws FaultError for an invalid fault. */
  addFault(fault: Fault): () => void;
  /**
   * Reports the health of an application, of one of its services, of a node, or of the cluster. A monitored upgrade acts on it.
   * @throws TypeError for a state other than `Ok`, `Warning` and `Error`, and for a service, version or upgrade domain without an
   *   application.
   */
  setHealth(report: HealthReport): void;
  /**
   * Simulates that another replica becomes primary: drops sessions and their chunks, and aborts transfers in progress with 503
   * `E_ABORT`. Committed files stay, and later writes get a higher version.
   */
  failover(): Promise<void>;
  /** Moves the emulator's clock forward by `ms` milliseconds, so that sessions expire. @throws RangeError for a negative number. */
  advance(ms: number): void;
  /** Closes all connections and deletes uncommitted data. Further calls have no effect. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The log entry of one request. */
export interface RequestLogEntry {
  readonly method: string;
  /** Path and query exactly as in the request line. */
  readonly url: string;
  /** The operation. Absent if the URL matches none. */
  readonly operationId?: string;
  /** The `Content-Range` header as sent. */
  readonly contentRange?: string;
  /** The HTTP status. Absent if the connection closed before a response. */
  readonly status?: number;
  /** `OK`, `NoContent`, `ConnectionBroken`, or the code of the error. */
  readonly code: string;
  readonly durationMs: number;
  /** The cause, if the response reports a failure of the emulator itself (a 500) or a missing client certificate. */
  readonly cause?: unknown;
}
