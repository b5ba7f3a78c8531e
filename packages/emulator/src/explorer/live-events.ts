// The messages that the page receives. Only types, because the page's scripts import this module, too.

/** The payload of each server-sent event by its name. */
export interface LiveEvents {
  /** The first event of a connection. Everything that the page knows from an earlier connection is outdated. */
  readonly hello: StoreFacts;
  readonly files: FileChanges;
  readonly sessions: OpenSessions;
  readonly applications: ClusterChanges;
  readonly requests: NewRequests;
  /** Proves that the connection still works. */
  readonly heartbeat: Record<string, never>;
}

export interface StoreFacts {
  readonly platform: "windows" | "linux";
  /** Separates the names of a path. */
  readonly separator: string;
  /** The newest api-version. */
  readonly apiVersionMax: string;
  /** The folder on disk. */
  readonly location: string;
  /** Where the cluster keeps packages, if that is not its image store service. */
  readonly packagesElsewhere?: string;
  /** Milliseconds between two heartbeats. */
  readonly heartbeatMs: number;
}

/** What changed since the last event. The first one on a connection contains every file. */
export interface FileChanges {
  readonly removed: readonly string[];
  /** New and replaced files. */
  readonly written: readonly FileState[];
}

export interface FileState {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Counts the writes to the store. */
  readonly version: number;
}

/** All open sessions. */
export interface OpenSessions {
  /** The emulator's time, which can differ from the time of the browser. Milliseconds since 1970. */
  readonly now: number;
  readonly sessions: readonly SessionState[];
}

/** Sizes and positions are exact up to 2^53 bytes. */
export interface SessionState {
  readonly id: string;
  readonly path: string;
  readonly size: number;
  readonly receivedBytes: number;
  /** The first and last byte of each missing range, ascending. At most 200. */
  readonly missing: readonly (readonly [start: number, end: number])[];
  readonly missingCount: number;
  /** Milliseconds since 1970. The session is removed at the first check after this time. */
  readonly expiresAt: number;
}

/** All application types and applications. */
export interface ClusterChanges {
  readonly types: readonly {
    readonly name: string;
    readonly version: string;
    readonly status: string;
    /** The reason for the status, if it is not empty. */
    readonly details: string;
  }[];
  readonly applications: readonly ApplicationState[];
}

export interface ApplicationState {
  readonly name: string;
  readonly typeName: string;
  readonly version: string;
  readonly status: string;
  /** `Ok`, `Warning` or `Error`. */
  readonly health: string;
  /** Why it is not healthy, one sentence or more each. */
  readonly reasons: readonly string[];
  readonly services: readonly { readonly name: string; readonly health: string }[];
  /** The last upgrade. */
  readonly upgrade?: UpgradeProgress;
}

export interface UpgradeProgress {
  readonly state: string;
  readonly isRunning: boolean;
  readonly mode: string;
  /** The version that the application gets, or gets back. */
  readonly target: string;
  readonly domains: readonly { readonly name: string; readonly state: string }[];
  /** The domain that a manual upgrade waits for. Empty if it does not wait. */
  readonly waitsFor: string;
  /** The reason of a rollback. Empty if there is none. */
  readonly failure: string;
  readonly reasons: readonly string[];
}

export interface NewRequests {
  /** In the order in which they ended. */
  readonly entries: readonly LoggedRequest[];
  /** The number of entries that were left out before the first one, because there were too many. */
  readonly skipped: number;
}

/** A request that ended, or a fault that happened. */
export interface LoggedRequest {
  /** Increases with each entry. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly operationId?: string;
  readonly contentRange?: string;
  /** Absent if there was no response, and for a fault. */
  readonly status?: number;
  readonly code: string;
  /** Absent for a fault. */
  readonly durationMs?: number;
}
