import { describe, expect, it } from "vitest";
import { againstBare, type Result, repeat, resultOf } from "../src/benchmark.js";
import type { Child, Figures } from "../src/resources.js";

function child(name: string, seconds: number, order: string[]): Child {
  return {
    ready: {},
    run: async () => {
      order.push(name);
      return { seconds };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

describe("A round against a plain loop", () => {
  it("returns the ratio of the speeds, in either order", async () => {
    const order: string[] = [];
    const [bare, ours] = [child("bare", 3, order), child("ours", 4, order)];
    for (const index of [0, 1]) {
      expect(await againstBare(bare, ours, index)).toEqual({ seconds: 4, bareSeconds: 3, ratio: 0.75 });
    }
    expect(order).toEqual(["bare", "ours", "ours", "bare"]);
  });
});

describe("The rounds of a baseline", () => {
  const [own, old] = [{ root: "own" }, { root: "old" }];
  const setting = {
    builds: [own, old],
    quick: true,
    say: () => {},
    signal: new AbortController().signal,
  } as const;

  it("take turns with those of this build", async () => {
    const order: string[] = [];
    const measured = await repeat(setting, "test", 2, async (index, { root }) => {
      order.push(`${root} ${index}`);
      return { value: root === "own" ? index : 10 + index };
    });
    expect(order).toEqual(["own 0", "old 0", "old 1", "own 1"]);
    expect(measured).toEqual([
      [{ value: 0 }, { value: 1 }],
      [{ value: 10 }, { value: 11 }],
    ]);
  });

  it("become a result inside the result", () => {
    const make = (rounds: readonly Figures[]): Result => ({
      label: "test",
      value: rounds.length,
      unit: "s",
      sizes: {},
      rounds,
    });
    const round = { value: 1 };
    expect(resultOf([[round], [round, round]], make)).toMatchObject({ value: 1, baseline: { value: 2 } });
    expect(resultOf([[round]], make)).not.toHaveProperty("baseline");
  });
});
