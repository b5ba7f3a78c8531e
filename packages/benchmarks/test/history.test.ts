import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import type { Result } from "../src/benchmark.js";
import { appendHistory, beforeEach, changeSince, historyEntry, readHistory, report } from "../src/report.js";

const folder = sharedFolder();

function result(value: number, more: Partial<Result> = {}): Result {
  return { label: "speed", value, unit: "of bare", sizes: {}, rounds: [], ...more };
}

const entryOf = (version: string, ...results: Result[]) =>
  historyEntry(report(new Date(0), false, results), version, null);

describe("The history", () => {
  it("starts empty and grows by one entry per run", async () => {
    const file = join(folder, "grows.json");
    const [first, second] = [entryOf("1.0.0", result(1)), entryOf("1.1.0", result(2))];
    expect(await readHistory(file)).toEqual([]);
    await appendHistory(file, first);
    await appendHistory(file, second);
    expect(await readHistory(file)).toEqual([first, second]);
  });

  it("is not overwritten if it cannot be read", async () => {
    const file = join(folder, "broken.json");
    writeFileSync(file, "[{");
    await expect(appendHistory(file, entryOf("1.0.0"))).rejects.toThrow(
      /Cannot read the history .*broken\.json/,
    );
  });

  it("contains values with the minimum and maximum of their rounds, not the rounds", () => {
    const rounds = [{ ratio: 3 }, { ratio: 1 }, { ratio: 2 }];
    expect(
      entryOf("1.0.0", result(2, { rounds, note: "a note" }), result(7, { label: "size" })).results,
    ).toEqual([
      { label: "speed", value: 2, unit: "of bare", extremes: { low: 1, high: 3 } },
      { label: "size", value: 7, unit: "of bare", extremes: null },
    ]);
  });
});

describe("The value before", () => {
  const older = entryOf("1.0.0", result(1), result(5, { label: "size" }));
  const newer = entryOf("1.1.0", result(2));
  const versions = (history: (typeof older)[], ...results: Result[]) =>
    [...beforeEach(history, results, older.machine)].map(([label, { entry }]) => [label, entry.version]);

  it("is the last measurement of the same benchmark", () => {
    expect(
      versions([older, newer], result(3), result(3, { label: "size" }), result(3, { label: "new" })),
    ).toEqual([
      ["speed", "1.1.0"],
      ["size", "1.0.0"],
    ]);
  });

  it("is in the same unit", () => {
    expect(versions([older, newer], result(3, { unit: "MB" }))).toEqual([]);
  });

  it.each([{ cores: 1024 }, { cpu: "abacus" }, { platform: "none" }])(
    "is not of a machine with %j",
    (other) => {
      const elsewhere = { ...newer, machine: { ...newer.machine, ...other } };
      expect(versions([older, elsewhere], result(3))).toEqual([["speed", "1.0.0"]]);
    },
  );

  it("may be from another version of Node.js", () => {
    const elsewhere = { ...newer, machine: { ...newer.machine, node: "v1" } };
    expect(versions([older, elsewhere], result(3))).toEqual([["speed", "1.1.0"]]);
  });
});

describe("A change", () => {
  const kept = (value: number, low: number, high: number) => ({
    label: "speed",
    value,
    unit: "of bare",
    extremes: { low, high },
  });
  const steady = [{ ratio: 1 }, { ratio: 1.1 }];
  const wild = [{ ratio: 1 }, { ratio: 2 }];

  it.each([
    ["more, where less is better", 12, { better: "lower", rounds: steady }, true],
    ["more, where a target is an upper limit", 12, { target: { atMost: 20 }, rounds: steady }, true],
    ["less, where more is better", 8, { better: "higher", rounds: steady }, true],
    ["less, where a target is a lower limit", 8, { target: { atLeast: 1 }, rounds: steady }, true],
    ["more, where more is better", 12, { better: "higher", rounds: steady }, false],
    ["less than the rounds of now differ", 9.5, { better: "higher", rounds: wild }, false],
    ["less than the rounds of then differ", 9.9, { better: "higher", rounds: steady }, false],
    ["of something that has no better side", 100, { rounds: steady }, false],
  ] as const)("that is %s", (_, value, more, isWorse) => {
    expect(changeSince(kept(10, 9.9, 10.1), result(value, more)).isWorse).toBe(isWorse);
  });

  it("is significant at once for a single value, such as a size", () => {
    const one = { ...kept(12_000, 0, 0), extremes: null };
    expect(changeSince(one, result(12_001, { better: "lower" })).isWorse).toBe(true);
  });

  it("is relative to the previous value", () => {
    expect(changeSince(kept(10, 9, 11), result(12)).relative).toBeCloseTo(0.2);
    expect(changeSince(kept(0, 0, 0), result(12)).relative).toBe(0);
  });
});
