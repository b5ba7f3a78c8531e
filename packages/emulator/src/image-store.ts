import { defaultPageLimitBytes, type EmulatorOptions } from "./options.js";
import { defaultExpiry, SessionTable } from "./sessions/session-table.js";
import { Content } from "./store/content.js";
import { PendingWrites } from "./store/pending-writes.js";
import { Staging } from "./store/staging.js";
import type { Platform } from "./store/store-path.js";
import type { AdvancedClock } from "./wire/time.js";

/** The state of an emulated image store. */
export interface ImageStore {
  readonly platform: Platform;
  readonly sessions: SessionTable;
  readonly staging: Staging;
  readonly content: Content;
  readonly pendingWrites: PendingWrites;
  /** Maximum size of one page of a listing, in estimated bytes (protocol §1.3). */
  readonly pageLimitBytes: number;
}

/** Opens the store in a folder, with its committed files and without sessions. */
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

/** Removes expired sessions and their chunks. */
export function sweepStore({ sessions, staging }: ImageStore): void {
  // Chunks that cannot be deleted now are deleted with the staging folder.
  for (const chunk of sessions.sweep()) void staging.discard(chunk).catch(() => undefined);
}

/** Drops everything that is not replicated (protocol §2.9). */
export async function failOverStore({ sessions, content, staging }: ImageStore): Promise<void> {
  sessions.clear();
  content.failOver();
  await staging.failOver();
}

/** Call this after all requests have ended. */
export async function closeStore({ staging, content }: ImageStore): Promise<void> {
  await staging.remove();
  content.close();
}
