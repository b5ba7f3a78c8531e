import fc from "fast-check";
import { expect, it } from "vitest";
import { useMemoryFolder } from "../memory-folder.js";
import { startCluster } from "./cluster.js";
import { perform, schedule } from "./schedules.js";

// To see a failure again: DEPLOY_SEED=<seed> pnpm vitest deploy/properties
const seed = Number(process.env["DEPLOY_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env["DEPLOY_SCHEDULES"] ?? 300);

/** Each has its own emulator, because faults hit any request. */
const lanes = 3;
/** The emulator writes its whole state after every change, so that it becomes slow with many applications. */
const batchSize = 25;

useMemoryFolder();

it(`keeps its promises through ${numRuns} schedules of kills and faults`, {
  timeout: 60_000 + numRuns * 1000,
}, async () => {
  const total = new Map<string, number>();
  const count = (what: string, more = 1) => total.set(what, (total.get(what) ?? 0) + more);

  const performBatch = async (batch: number, size: number) => {
    let fired = 0;
    await using cluster = await startCluster({ onFault: () => (fired += 1) });
    let number = 0;
    const property = fc.asyncProperty(schedule, async (schedule) => {
      number += 1;
      const { ended, killed, violations } = await perform(cluster, schedule, number);
      expect(violations).toEqual([]);
      count("performed");
      count(ended);
      count("kills", killed);
    });
    await fc.assert(property, { seed: seed + batch, numRuns: size, endOnFailure: true });
    count("faults", fired);
  };
  const starts = Array.from({ length: Math.ceil(numRuns / batchSize) }, (_, batch) => batch);
  const performInLane = async () => {
    for (let batch = starts.shift(); batch !== undefined; batch = starts.shift())
      await performBatch(batch, Math.min(batchSize, numRuns - batch * batchSize));
  };
  await Promise.all(Array.from({ length: lanes }, performInLane));

  const words = [...total].map(([what, times]) => `${times} ${what}`).join(", ");
  console.log(`deployment schedules, seed ${seed}: ${words}`);
  expect(total.get("performed")).toBe(numRuns);
  // Every outcome must occur, or the test covers less than it claims.
  for (const outcome of ["created", "upgraded", "rolled-back", "unhealthy"])
    expect(total.get(outcome) ?? 0).toBeGreaterThan(numRuns / 100);
  expect(total.get("kills")).toBeGreaterThan(numRuns / 3);
  expect(total.get("faults")).toBeGreaterThan(numRuns / 3);
});
