import { describe, expect, it } from "vitest";
import { judge } from "../../src/bench/verdict.js";

const MiB = 1024 * 1024;
const smallFiles = files(0.2, [1, 40], [8, 310], [32, 900], [64, 920]);

function files(
  cpuLoad: number,
  ...runs: readonly (readonly [concurrency: number, filesPerSecond: number])[]
) {
  return runs.map(([concurrency, filesPerSecond]) => ({ concurrency, filesPerSecond, cpuLoad }));
}

/** Runs with chunks of one size: the rates in MiB/s at 1, 2, 4 … concurrent chunks. */
function runs(cpuLoad: number, rates: readonly number[], chunkSize = 4 * MiB) {
  return rates.map((rate, level) => ({
    ...{ chunkSize, concurrency: 2 ** level, bytesPerSecond: rate * MiB, cpuLoad },
  }));
}

const usual = { roundTripMs: 21, smallFiles, hashBytesPerSecond: 400 * MiB };

describe("the verdict", () => {
  it("is transfer if more concurrency does not help, and finds the least concurrency that is as fast", () => {
    const verdict = judge({ ...usual, chunks: runs(0.1, [10, 18, 19.5, 20]) });
    expect(verdict).toMatchObject({
      largeFiles: {
        limit: "transfer",
        reason: "More concurrent chunks did not increase the rate of 20.0 MiB/s.",
      },
      smallFiles: {
        limit: "transfer",
        reason: "More concurrent requests did not increase the rate of 920 files/s.",
      },
      ...{ largeFileConcurrency: 2, smallFileConcurrency: 32 },
      recommended: { chunkSize: 4 * MiB, concurrency: "auto" },
    });
  });

  it("is latency if the rate still doubles with the concurrency", () => {
    const verdict = judge({
      ...usual,
      chunks: runs(0.2, [5, 10, 20, 39]),
      smallFiles: files(0.2, [16, 100], [64, 390]),
    });
    expect(verdict).toMatchObject({ largeFiles: { limit: "latency" }, largeFileConcurrency: 8 });
    expect(verdict.smallFiles).toEqual({
      limit: "latency",
      reason:
        "Twice as many concurrent requests sent 2.0 times as fast, so they wait for responses and not for bandwidth. The server responds to a small request in 21 ms.",
    });
  });

  it("is machine if the process is busy, even if the rate still grows", () => {
    expect(
      judge({ ...usual, chunks: runs(0.97, [100, 190, 380]), smallFiles: files(0.9, [8, 10], [16, 20]) }),
    ).toMatchObject({ largeFiles: { limit: "machine" }, smallFiles: { limit: "machine" } });
  });

  it("is machine if hashing is slower than sending", () => {
    const verdict = judge({ ...usual, chunks: runs(0.4, [480, 500]) });
    expect(verdict.largeFiles).toEqual({
      limit: "machine",
      reason: "This machine hashes 400 MiB/s, which is less than the 500 MiB/s that it can send.",
    });
  });

  it("says when there is too little to compare", () => {
    const { limit, reason } = judge({ ...usual, chunks: runs(0.1, [3]) }).largeFiles;
    expect({ limit, reason }).toEqual({ limit: "transfer", reason: expect.stringContaining("--duration") });
  });

  it("compares the levels of a smaller chunk size if the fastest had only one", () => {
    const chunks = [...runs(0.1, [1.8, 1.9], MiB), ...runs(0.1, [2])];
    expect(judge({ ...usual, chunks }).largeFiles).toEqual({
      limit: "transfer",
      reason: "More concurrent chunks did not increase the rate of 2.00 MiB/s.",
    });
  });

  it("says how much more concurrency helps if it helps a little", () => {
    expect(judge({ ...usual, chunks: runs(0.1, [10, 13]) }).largeFiles.reason).toBe(
      "Twice as many concurrent chunks sent only 1.3 times as fast, up to 13.0 MiB/s.",
    );
  });

  it("recommends the default chunk size unless another one is faster", () => {
    const small = runs(0.1, [20, 20], MiB);
    const recommended = (...rates: number[]) =>
      judge({ ...usual, chunks: [...small, ...runs(0.1, rates)] }).recommended.chunkSize;
    expect(recommended(19, 19)).toBe(4 * MiB);
    expect(recommended(10, 12)).toBe(MiB);
  });

  it("recommends a number of requests only where auto does not go", () => {
    const many = files(0.3, [64, 500], [128, 900]);
    const { recommended } = judge({ ...usual, smallFiles: many, chunks: runs(0.1, [20, 20]) });
    expect(recommended).toMatchObject({
      concurrency: 128,
      reason: expect.stringMatching(/at most 64 .* 512 MiB of memory/),
    });
  });

  it("stays at auto if more requests are only a little faster", () => {
    const many = files(0.3, [64, 500], [128, 600]);
    const { recommended } = judge({ ...usual, smallFiles: many, chunks: runs(0.1, [20, 20]) });
    expect(recommended.concurrency).toBe("auto");
  });

  it("needs measurements", () => {
    expect(() => judge({ ...usual, chunks: [] })).toThrow(RangeError);
    expect(() => judge({ ...usual, smallFiles: [], chunks: runs(0.1, [1]) })).toThrow(RangeError);
  });
});
