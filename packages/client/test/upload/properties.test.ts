import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { perform, reportFired, schedule } from "./schedules.js";

// To see a failure again: UPLOAD_SEED=<seed> pnpm vitest properties
const seed = Number(process.env["UPLOAD_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env["UPLOAD_SCHEDULES"] ?? 2000);

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({ onFault: ({ fault }) => reportFired(emulator, fault) });
});
afterAll(() => emulator.close());

it(`keeps its promises through ${numRuns} schedules of faults`, { timeout: 300_000 }, async () => {
  const total = { stored: 0, rejected: 0, fired: 0 };
  let number = 0;
  await fc.assert(
    fc.asyncProperty(schedule, async (schedule) => {
      number += 1;
      const { stored, fired, violations } = await perform(emulator, schedule, `Package${number}/Code.bin`);
      expect(violations).toEqual([]);
      total[stored ? "stored" : "rejected"] += 1;
      total.fired += fired;
    }),
    { seed, numRuns },
  );
  const { stored, rejected, fired } = total;
  console.log(
    `${numRuns} upload schedules, seed ${seed}: ${stored} stored, ${rejected} rejected, ${fired} faults`,
  );
  // Both ends must have been met, or this has tested less than it says.
  expect(Math.min(stored, rejected)).toBeGreaterThan(numRuns / 100);
});
