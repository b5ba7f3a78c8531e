import { describe, expect, it } from "vitest";
import { isMet, type Result, type Target, targetText } from "../src/benchmark.js";
import { sizeText } from "../src/files.js";
import { baselineOf, beforeEach, historyEntry, report, sources, table } from "../src/report.js";

const fast: Result = {
  label: "speed",
  value: 0.9,
  unit: "of bare",
  target: { atLeast: 0.85 },
  sizes: { fileBytes: 1024 },
  rounds: [{ ratio: 0.8 }, { ratio: 0.9 }, { ratio: 1.1 }],
  note: "over nothing at all",
};
const large: Result = {
  label: "memory, 1 GiB",
  value: 140.4,
  unit: "MB",
  target: { atMost: 130 },
  sizes: {},
  rounds: [{ peakMb: 140.4 }],
};
const free: Result = { label: "free", value: 12, unit: "s", sizes: {}, rounds: [] };

const entryOf = (...results: Result[]) =>
  historyEntry(report(new Date(0), false, results), "1.2.3", "abc1234");

describe("A target", () => {
  it.each<[Target, number, boolean]>([
    [{ atLeast: 0.85 }, 0.849, false],
    [{ atLeast: 0.85 }, 0.85, true],
    [{ atMost: 130 }, 130, true],
    [{ atMost: 130 }, 130.1, false],
    [{ atMost: 1 }, Number.NaN, false],
    [{ atLeast: 1 }, Number.NaN, false],
  ])("%j is met by %d: %s", (target, value, expected) => {
    expect(isMet(target, value)).toBe(expected);
  });

  it("can be read", () => {
    expect([targetText({ atLeast: 0.85 }), targetText({ atMost: 130 })]).toEqual(["≥ 0.85", "≤ 130"]);
  });
});

describe("The table", () => {
  it("has a line per result, with its target, verdict, extremes and note", () => {
    expect(table([fast, large, free], true)).toBe(
      [
        "measurement    value           target          before    rounds",
        "─────────────  ─────  ───────  ──────  ──────  ──────    ──────────────",
        "speed          0.90   of bare  ≥ 0.85  met               3: 0.80 … 1.10",
        "    over nothing at all",
        "memory, 1 GiB  140    MB       ≤ 130   MISSED            1",
        "free           12     s                                  0",
      ].join("\n"),
    );
  });

  it("shows no verdicts in a quick run", () => {
    expect(table([large], false)).not.toMatch(/MISSED|met/);
  });
});

describe("The previous run", () => {
  const entry = entryOf(fast, { ...large, value: 120 }, { ...free, value: 6 });
  const before = beforeEach([entry], [fast, large, free], entry.machine);

  it("is in the table, with the change, and a mark if the result is worse", () => {
    expect(table([{ ...fast, value: 0.99 }, large, free], true, before)).toBe(
      [
        "measurement    value           target          before               rounds",
        "─────────────  ─────  ───────  ──────  ──────  ──────  ───────────  ──────────────",
        "speed          0.99   of bare  ≥ 0.85  met     0.90    +10 %        3: 0.80 … 1.10",
        "    over nothing at all",
        "memory, 1 GiB  140    MB       ≤ 130   MISSED  120     +17 % WORSE  1",
        "free           12     s                        6.00    +100 %       0",
      ].join("\n"),
    );
  });

  it("is not judged in a quick run", () => {
    expect(table([large], false, before)).toMatch(/120 +\+17 % +1$/m);
  });

  it("is the baseline of the same run, if there is one", () => {
    const baseline = { ...fast, value: 0.5, rounds: [{ ratio: 0.5 }, { ratio: 0.52 }] };
    const made = report(new Date(0), false, [{ ...fast, baseline }, large]);
    const baselineEntry = historyEntry(baselineOf(made), "1.0.0", "old5678");
    const found = beforeEach([baselineEntry], made.results, made.machine);
    expect(table(made.results, true, found)).toMatch(/^speed .*0\.50 +\+80 %/m);
    expect([...found.keys()]).toEqual(["speed"]);
    expect(sources(found)).toEqual([expect.stringContaining("version 1.0.0, old5678")]);
  });

  it("is shown once with its version, commit and date", () => {
    expect(sources(before)).toEqual([
      `before: version 1.2.3, abc1234, of 1970-01-01, by Node ${process.version}`,
    ]);
  });
});

describe("The report", () => {
  it("contains the date, the machine, the versions, and every round", () => {
    const made = report(new Date(0), false, [fast, large, free]);
    expect(made).toMatchObject({
      date: "1970-01-01T00:00:00.000Z",
      machine: { node: process.version },
      quick: false,
    });
    expect(made.results.map(({ met }) => met)).toEqual([true, false, null]);
    expect(made.results[0]?.rounds).toEqual(fast.rounds);
    expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  });
});

describe("A size", () => {
  it.each([
    [4096, "4 KiB"],
    [8 * 1024 ** 2, "8 MiB"],
    [1.5 * 1024 ** 3, "1.5 GiB"],
  ])("of %d bytes is %s", (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
