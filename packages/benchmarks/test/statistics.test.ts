import { describe, expect, it } from "vitest";
import { median, medianOf } from "../src/benchmark.js";

describe("The median", () => {
  it.each([
    [[7], 7],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[1, 1, 1, 1000], 1],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it("does not sort its input", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it("of no values is an error", () => {
    expect(() => median([])).toThrow("The median of no values");
  });

  it("of rounds is for one figure, which all rounds must have", () => {
    expect(medianOf([{ a: 1, b: 9 }, { a: 3 }, { a: 2 }], "a")).toBe(2);
    expect(() => medianOf([{ a: 1 }, { b: 2 }], "a")).toThrow('no figure "a"');
  });
});
