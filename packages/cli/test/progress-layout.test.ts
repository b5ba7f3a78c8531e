import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { barLine } from "../src/output/progress-bars.js";

const parts = ["57 %", "5.00/8.69 MiB", "2.10 MiB/s", "12 s left", "1.20 MiB resumed", "3 of 7 files"];
const shares = { resumed: 0.2, committed: 0.57, sending: 0 };

describe("a bar", () => {
  it("is between the name and the figures, with a different shade for resumed bytes", () => {
    expect(barLine(100, "MyApp", shares, parts)).toBe(
      "MyApp                           ▓▓▓█████░░░░░░░  57 %  5.00/8.69 MiB  2.10 MiB/s  12 s left",
    );
  });

  it.each([200, 120, 100, 80, 60, 59, 50, 49, 40, 30, 29, 20, 10, 4, 1])(
    "of %d columns is never wider",
    (columns) => {
      for (const name of ["MyApp", "a/very/long/path/to/some.file", "絵文字🎉".repeat(20)]) {
        expect(stringWidth(barLine(columns, name, shares, parts))).toBeLessThanOrEqual(columns);
      }
    },
  );

  it("omits first figures on a narrow terminal, then the name, then the bar, and never the percentage", () => {
    expect(barLine(60, "MyApp", shares, parts)).toBe("MyApp               ▓▓██░░░░  57 %  5.00/8.69 MiB");
    expect(barLine(49, "MyApp", shares, parts)).toBe("▓▓██░░░░  57 %  5.00/8.69 MiB  2.10 MiB/s");
    expect(barLine(29, "MyApp", shares, parts)).toBe("57 %  5.00/8.69 MiB");
    expect(barLine(5, "MyApp", shares, parts)).toBe("57 %");
  });

  it.each([
    [100, "  WebPkg/Code/bin/Contoso.dll "],
    [80, "  WebPkg/Cod…Contoso.dll "],
    [60, "  WebP…Contoso.dll "],
    [50, "  W…Contoso.dll "],
  ])("in %d columns keeps the name of a file before its folders", (columns, text) => {
    const line = barLine(columns, "  WebPkg/Code/bin/Contoso.dll", shares, parts);
    expect(line.startsWith(text), line).toBe(true);
  });

  it("shortens long names in the middle, at whole characters", () => {
    expect(barLine(80, "Pkg/a-very-long-name-of-a-library.bin", shares, ["57 %"])).toMatch(
      /^a-very-long…-library\.bin {2}/,
    );
    expect(barLine(80, "👨‍👩‍👧‍👦".repeat(20), shares, ["57 %"])).toMatch(/^(👨‍👩‍👧‍👦)+…(👨‍👩‍👧‍👦)+ *▓/u);
  });

  it("draws confirmed bytes in color, and those in flight dim", () => {
    const tag = (name: string) => (text: unknown) => `<${name}>${text}</>`;
    const colors = { green: tag("green"), cyan: tag("cyan"), dim: tag("dim") };
    const line = barLine(30, "a", { resumed: 0.25, committed: 0.5, sending: 0.25 }, ["50 %"], colors);
    expect(line).toMatch(/^<cyan>▓▓<\/><green>██<\/><dim>▒▒<\/><dim>░░<\/> {2}/);
  });

  it("shows bytes in flight lighter than committed bytes", () => {
    const line = barLine(80, "a", { resumed: 0, committed: 0.25, sending: 0.5 }, []);
    expect(line).toContain("██▒▒▒▒▒░░░");
  });

  it("is full only at the end", () => {
    expect(barLine(80, "a", { resumed: 0, committed: 0.999, sending: 0 }, ["99 %"])).toContain("░");
    expect(barLine(80, "a", { resumed: 0, committed: 1, sending: 0 }, ["100 %"])).not.toContain("░");
  });
});
