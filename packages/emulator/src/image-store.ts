import type { Platform } from "./platform.js";
import type { SessionTable } from "./sessions/session-table.js";
import type { Content } from "./store/content.js";
import type { PendingWrites } from "./store/pending-writes.js";
import type { Staging } from "./store/staging.js";

/** The whole state of an emulated image store: what the operations read and write. */
export interface ImageStore {
  readonly platform: Platform;
  readonly sessions: SessionTable;
  readonly staging: Staging;
  readonly content: Content;
  readonly pendingWrites: PendingWrites;
  /** Longest listing of one answer, in estimated bytes (protocol §1.3). */
  readonly pageLimitBytes: number;
}

/** 4 MiB of a message, less what is kept free (protocol §1.3). */
export const defaultPageLimitBytes = 3 * 1024 * 1024;
