import { Readable } from "node:stream";
import { scratchFolder } from "@sf-image-store/testing";
import { onTestFinished } from "vitest";
import type { ImageStore } from "../src/image-store.js";
import { defaultPageLimitBytes } from "../src/options.js";
import { SessionTable } from "../src/sessions/session-table.js";
import { Content } from "../src/store/content.js";
import { PendingWrites } from "../src/store/pending-writes.js";
import { Staging } from "../src/store/staging.js";

export const timeForTest = Date.parse("2026-03-02T08:15:30.125Z");

/** The state of an emulator without its server. */
export async function imageStoreForTest(): Promise<ImageStore> {
  const location = scratchFolder();
  const clock = { now: () => timeForTest };
  const content = await Content.open(location, { platform: "windows", clock });
  onTestFinished(() => content.close());
  return {
    platform: "windows",
    content,
    staging: await Staging.open(location),
    sessions: new SessionTable(clock),
    pendingWrites: new PendingWrites(),
    pageLimitBytes: defaultPageLimitBytes,
  };
}

/** Puts bytes into staging, as an upload does. */
export function stage({ staging }: ImageStore, text: string): Promise<string> {
  return staging.receive(Readable.from([Buffer.from(text)]));
}
