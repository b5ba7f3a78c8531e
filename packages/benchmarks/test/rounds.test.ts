import { describe, expect, it } from "vitest";
import { againstBare } from "../src/benchmark.js";
import type { Child } from "../src/resources.js";

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
