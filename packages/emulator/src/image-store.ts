import { defaultPageLimitBytes, type EmulatorOptions } from "./options.js";
import { defaultExpiry, SessionTable } from "./sessions/session-table.js";
import { Content } from "./store/content.js";
import { PendingWrites } from "./store/pending-writes.js";
import { Staging } from "./store/staging.js";
import type { Platform } from "./store/store-path.js";
import type { AdvancedClock } from "./wire/time.js";

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

/** Opens the store in a folder: committed files as they were left, and no session. */
export async function openStore(
  folder: string,
  clock: AdvancedClock,
  options: EmulatorOptions,
): Promise<ImageStore> {
  const { platform = "windows", sessionLifetimeMs, sweepIntervalMs, pageLimitBytes } = options;
  const staging = await Staging.open(folder);
  const content = await Content.open(folder, { platform, clock }).catch(async (error: unknown) => {
    await staging.remove();
    throw error;
  });
  const expiry = {
    lifetimeMs: sessionLifetimeMs ?? defaultExpiry.lifetimeMs,
    sweepIntervalMs: Math.max(1, sweepIntervalMs ?? defaultExpiry.sweepIntervalMs),
  };
  return {
    platform,
    content,
    staging,
    sessions: new SessionTable(clock, expiry),
    pendingWrites: new PendingWrites(),
    pageLimitBytes: pageLimitBytes ?? defaultPageLimitBytes,
  };
}

/** Drops the sessions that are due, and their chunks. */
export function sweepStore({ sessions, staging }: ImageStore): void {
  // Chunks that cannot be removed now go with the staging folder.
  for (const file of sessions.sweep()) void staging.discard(file).catch(() => undefined);
}

/** What another replica that becomes primary does not have is gone (protocol §2.9). */
export async function failOverStore({ sessions, content, staging }: ImageStore): Promise<void> {
  sessions.clear();
  content.failOver();
  await staging.failOver();
}

/** Call it when nothing works in the store any more. */
export async function closeStore({ staging, content }: ImageStore): Promise<void> {
  await staging.remove();
  content.close();
}
