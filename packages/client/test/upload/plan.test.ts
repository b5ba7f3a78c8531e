import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planChunks, rotate, sizeOf, sumOf } from "../../src/upload/byte-source.js";

/** Ranges as on a server: ascending, with gaps between them. */
const expectedRanges = fc
  .uniqueArray(fc.nat(10_000), { minLength: 2, maxLength: 20 })
  .map((edges) => edges.sort((a, b) => a - b))
  .map((edges) =>
    edges.flatMap((startPosition, index) => {
      const next = edges[index + 1];
      return index % 2 === 1 || next === undefined ? [] : [{ startPosition, endPosition: next - 1 }];
    }),
  );
const chunkSize = fc.integer({ min: 1, max: 5000 });

describe("the plan", () => {
  it("covers each expected byte exactly once and nothing else", () => {
    const bytesOf = (ranges: readonly { startPosition: number; endPosition: number }[]) =>
      ranges.flatMap((range) =>
        Array.from({ length: sizeOf(range) }, (_, index) => range.startPosition + index),
      );
    fc.assert(
      fc.property(expectedRanges, chunkSize, (expectedRanges, chunkSize) => {
        const plan = planChunks(10_000, chunkSize, { expectedRanges });
        expect(bytesOf(plan)).toEqual(bytesOf(expectedRanges));
        expect(Math.max(...plan.map(sizeOf))).toBeLessThanOrEqual(chunkSize);
      }),
    );
  });

  it("has each chunk inside one expected range", () => {
    fc.assert(
      fc.property(expectedRanges, chunkSize, (expectedRanges, chunkSize) => {
        for (const chunk of planChunks(10_000, chunkSize, { expectedRanges })) {
          const around = expectedRanges.filter(
            (range) => range.startPosition <= chunk.startPosition && chunk.endPosition <= range.endPosition,
          );
          expect(around).toHaveLength(1);
        }
      }),
    );
  });

  it("is the whole file without a session", () => {
    expect(planChunks(5, 2, undefined)).toEqual([
      { startPosition: 0, endPosition: 1 },
      { startPosition: 2, endPosition: 3 },
      { startPosition: 4, endPosition: 4 },
    ]);
  });

  it("is empty if the server expects nothing", () => {
    expect(planChunks(5, 2, { expectedRanges: [] })).toEqual([]);
  });

  it("is exact for files of more than 4 GiB", () => {
    const size = 5 * 2 ** 32 + 3;
    const plan = planChunks(size, 2 ** 28, undefined);
    expect(sumOf(plan)).toBe(size);
    expect(plan.at(-1)).toEqual({ startPosition: 5 * 2 ** 32, endPosition: size - 1 });
  });
});

describe("a rotate plan", () => {
  it("has the same chunks with another start", () => {
    expect(rotate([1, 2, 3, 4], 0.5)).toEqual([3, 4, 1, 2]);
    expect(rotate([1, 2, 3], 0)).toEqual([1, 2, 3]);
    expect(rotate([], 0.9)).toEqual([]);
  });
});
