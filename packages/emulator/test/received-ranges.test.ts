import { describe, expect, it } from "vitest";
import { ReceivedRanges } from "../src/sessions/ranges.js";

function received(size: bigint, ...ranges: [bigint, bigint][]) {
  const bookkeeping = new ReceivedRanges(size);
  const results = ranges.map(([start, end]) => bookkeeping.add({ start, end }));
  return { bookkeeping, results, expected: bookkeeping.expected().map(({ start, end }) => [start, end]) };
}

describe("§2.3 range bookkeeping", () => {
  it("merges a range with the one before it", () => {
    expect(received(100n, [10n, 19n], [20n, 29n]).expected).toEqual([
      [0n, 9n],
      [30n, 99n],
    ]);
  });

  it("merges a range with the one after it", () => {
    expect(received(100n, [20n, 29n], [10n, 19n]).expected).toEqual([
      [0n, 9n],
      [30n, 99n],
    ]);
  });

  it("merges two ranges when the range between them arrives", () => {
    const { bookkeeping, expected } = received(30n, [0n, 9n], [20n, 29n], [10n, 19n]);
    expect(expected).toEqual([]);
    expect(bookkeeping.isComplete()).toBe(true);
  });

  it("accepts ranges in any order", () => {
    expect(received(100n, [80n, 89n], [0n, 4n], [40n, 49n]).expected).toEqual([
      [5n, 39n],
      [50n, 79n],
      [90n, 99n],
    ]);
  });

  it("does not record received bytes again", () => {
    expect(received(100n, [0n, 49n], [10n, 19n], [0n, 49n]).results).toEqual([
      "recorded",
      "held-already",
      "held-already",
    ]);
  });

  it("rejects an overlap and changes nothing", () => {
    const { results, expected } = received(100n, [10n, 19n], [15n, 25n], [5n, 10n], [0n, 99n]);
    expect(results).toEqual(["recorded", "overlaps", "overlaps", "overlaps"]);
    expect(expected).toEqual([
      [0n, 9n],
      [20n, 99n],
    ]);
  });

  it("agrees with a byte-by-byte model on every order of four chunks", () => {
    const chunks: [bigint, bigint][] = [
      [0n, 2n],
      [3n, 3n],
      [4n, 8n],
      [9n, 9n],
    ];
    for (const order of permutations(chunks)) {
      for (let count = 0; count <= order.length; count++) {
        const sent = order.slice(0, count);
        expect(received(10n, ...sent).expected).toEqual(gapsByModel(10n, sent));
      }
    }
  });
});

describe("§2.4 expected ranges", () => {
  it("are the whole file at first", () => {
    expect(received(100n).expected).toEqual([[0n, 99n]]);
  });

  it("are always 0-0 for an empty file", () => {
    expect(received(0n).expected).toEqual([[0n, 0n]]);
    expect(received(0n, [0n, 0n]).expected).toEqual([[0n, 0n]]);
    expect(received(0n, [0n, 0n]).bookkeeping.isComplete()).toBe(false);
  });

  it("are empty after a first chunk that ends at the file size, although the file is incomplete", () => {
    const { bookkeeping, expected } = received(10n, [0n, 10n]);
    expect(expected).toEqual([]);
    expect(bookkeeping.isComplete()).toBe(false);
  });

  it("are exact up to 2^64-1", () => {
    const size = 2n ** 64n - 1n;
    expect(received(size, [0n, 2n ** 63n]).expected).toEqual([[2n ** 63n + 1n, size - 1n]]);
  });
});

describe("§2.2 step 3d, a later chunk", () => {
  it.each([
    ["lies inside a gap", 12n, 15n, true],
    ["fills a gap", 10n, 19n, true],
    ["touches received bytes", 9n, 12n, false],
    ["spans a gap and received bytes", 5n, 25n, false],
    ["was received", 0n, 9n, false],
    ["ends at the size", 25n, 30n, false],
  ])("that %s is expected: %s-%s %s", (_, start, end, verdict) => {
    expect(received(30n, [0n, 9n], [20n, 24n]).bookkeeping.expects({ start, end })).toBe(verdict);
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}

function gapsByModel(size: bigint, sent: readonly [bigint, bigint][]): bigint[][] {
  const gaps: [bigint, bigint][] = [];
  for (let position = 0n; position < size; position++) {
    if (sent.some(([start, end]) => start <= position && position <= end)) continue;
    const last = gaps.at(-1);
    if (last !== undefined && last[1] === position - 1n) last[1] = position;
    else gaps.push([position, position]);
  }
  return gaps;
}
