import { startEmulator } from "@sf-image-store/emulator";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createNodeFetch } from "../../src/node/index.js";
import { useMemoryFolder } from "../memory-folder.js";
import { perform, reportFired, schedule } from "./schedules.js";
import { startWireProxy } from "./wire-proxy.js";

// To see a failure again: UPLOAD_SEED=<seed> pnpm vitest properties
const seed = Number(process.env["UPLOAD_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env["UPLOAD_SCHEDULES"] ?? 500);

/** Each worker has its own emulator, because faults hit any request. Both transports take part. */
const lanes = [fetch, createNodeFetch(), fetch, createNodeFetch()];

useMemoryFolder();

it(`keeps its promises through ${numRuns} schedules of faults`, {
  timeout: 60_000 + numRuns * 500,
}, async () => {
  const total = { performed: 0, stored: 0, rejected: 0, fired: 0, wireFired: 0 };

  const performInLane = async (fetch: typeof globalThis.fetch, lane: number) => {
    await using emulator = await startEmulator({ onFault: ({ fault }) => reportFired(emulator, fault) });
    let number = 0;
    const property = fc.asyncProperty(schedule, async (schedule) => {
      number += 1;
      const storePath = `Package${number}/Code.bin`;
      // A separate client, because late requests must not affect the next schedule.
      await using proxy = await startWireProxy(emulator.endpoint);
      const place = { emulator, proxy, fetch };
      const { stored, fired, wireFired, violations } = await perform(place, schedule, storePath);
      expect(violations).toEqual([]);
      total.performed += 1;
      total[stored ? "stored" : "rejected"] += 1;
      total.fired += fired;
      total.wireFired += wireFired;
    });
    const own = Math.floor((numRuns + lane) / lanes.length);
    await fc.assert(property, { seed: seed + lane, numRuns: own });
  };
  await Promise.all(lanes.map(performInLane));

  const { performed, stored, rejected, fired, wireFired } = total;
  console.log(
    `${performed} upload schedules, seed ${seed}: ${stored} stored, ${rejected} rejected, ${fired} faults, ${wireFired} false answers`,
  );
  expect(performed).toBe(numRuns);
  // Both outcomes must occur, or the test covers less than it claims.
  expect(Math.min(stored, rejected)).toBeGreaterThan(numRuns / 100);
  expect(wireFired).toBeGreaterThan(numRuns / 10);
});
