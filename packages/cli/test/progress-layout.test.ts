import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { barLine } from "../src/output/progress-bars.js";

const parts = ["57 %", "5.00/8.69 MiB", "2.10 MiB/s", "12 s left", "1.20 MiB resumed", "3 of 7 files"];
const shares = { resumed: 0.2, committed: 0.57, sending: 0 };

describe("a bar", () => {
  it("is between the name and the figures, with a different shade for resumed bytes", () => {
    expect(barLine(100, "MyApp", shares, parts)).toBe(
      "MyApp                   ▓▓▓▓███████░░░░░░░░░  57 %  5.00/8.69 MiB  2.10 MiB/s  12 s left",
    );
  });

  it.each([200, 120, 100, 80, 60, 59, 40, 39, 20, 10, 4, 1])("of %d columns is never wider", (columns) => {
    for (const name of ["MyApp", "a/very/long/path/to/some.file", "絵文字🎉".repeat(20)]) {
      expect(stringWidth(barLine(columns, name, shares, parts))).toBeLessThanOrEqual(columns);
    }
  });

  it("omits first the name on a narrow terminal, then the bar, and never the percentage", () => {
    expect(barLine(59, "MyApp", shares, parts)).toBe(
      "▓▓████░░░░░  57 %  5.00/8.69 MiB  2.10 MiB/s  12 s left",
    );
    expect(barLine(39, "MyApp", shares, parts)).toBe("57 %  5.00/8.69 MiB  2.10 MiB/s");
    expect(barLine(5, "MyApp", shares, parts)).toBe("57 %");
  });

  it("shortens long names in the middle, at whole characters", () => {
    expect(barLine(80, "Pkg/a-very-long-name.bin", shares, ["57 %"])).toMatch(/^Pkg\/a-ve…name\.bin {2}/);
    expect(barLine(80, "👨‍👩‍👧‍👦".repeat(20), shares, ["57 %"])).toMatch(/^(👨‍👩‍👧‍👦)+…(👨‍👩‍👧‍👦)+ *▓/u);
  });

  it("shows bytes in flight lighter than committed bytes", () => {
    const line = barLine(80, "a", { resumed: 0, committed: 0.25, sending: 0.5 }, []);
    expect(line).toContain("████▒▒▒▒▒▒▒▒░░░░");
  });

  it("is full only at the end", () => {
    expect(barLine(80, "a", { resumed: 0, committed: 0.999, sending: 0 }, ["99 %"])).toContain("░");
    expect(barLine(80, "a", { resumed: 0, committed: 1, sending: 0 }, ["100 %"])).not.toContain("░");
  });
});
