import { describe, expect, it } from "vitest";
import { bytes, missingBar } from "../demo/bar.js";
import { splitRange } from "../demo/ranges.js";

const session = { storeRelativePath: "a", sessionId: "", fileSize: 1000, modifiedDate: new Date(0) };

describe("the bar", () => {
  it("shows received, partly received and missing cells", () => {
    const expectedRanges = [
      { startPosition: 250, endPosition: 499 },
      { startPosition: 900, endPosition: 999 },
    ];
    expect(missingBar({ ...session, expectedRanges }, 10)).toBe(
      "[██▒··████·] 65 %, 650 B of 1000 B received",
    );
  });

  it("never says 100 % before the last byte is there", () => {
    const expectedRanges = [{ startPosition: 999, endPosition: 999 }];
    expect(missingBar({ ...session, expectedRanges }, 10)).toBe(
      "[█████████▒] 99 %, 999 B of 1000 B received",
    );
  });

  it("shows a file with fewer bytes than cells", () => {
    const expectedRanges = [{ startPosition: 2, endPosition: 2 }];
    expect(missingBar({ ...session, fileSize: 3, expectedRanges }, 6)).toBe(
      "[████··] 66 %, 2 B of 3 B received",
    );
  });
});

describe("sizes and ranges", () => {
  it("are written for people", () => {
    expect([1, 1024, 1536, 9 * 1024 * 1024].map(bytes)).toEqual(["1 B", "1 KiB", "1.50 KiB", "9 MiB"]);
  });

  it("are split without a gap, the last piece shorter", () => {
    expect(splitRange({ startPosition: 5, endPosition: 9 }, 2)).toEqual([
      { startPosition: 5, endPosition: 6 },
      { startPosition: 7, endPosition: 8 },
      { startPosition: 9, endPosition: 9 },
    ]);
  });
});
