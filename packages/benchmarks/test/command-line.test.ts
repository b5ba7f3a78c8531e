import { describe, expect, it } from "vitest";
import { benchmarks, parseCommandLine, UsageError, usage } from "../src/command-line.js";

const parse = (...args: string[]) => parseCommandLine(args, benchmarks);

describe("The command line", () => {
  it("selects all benchmarks by default", () => {
    expect(parse()).toEqual({
      help: false,
      quick: false,
      save: false,
      json: undefined,
      baseline: undefined,
      chosen: benchmarks,
    });
  });

  it("selects benchmarks by name, in the order of the list", () => {
    const { chosen } = parse("--only", "fingerprint", "--only=throughput", "--quick", "--json", "out.json");
    expect(chosen.map(({ name }) => name)).toEqual(["throughput", "fingerprint"]);
  });

  it("accepts a baseline", () => {
    expect(parse("--baseline", "../old")).toMatchObject({ baseline: "../old" });
  });

  it("ignores the -- that a package manager passes on", () => {
    expect(parse("--", "--quick", "--json", "out.json")).toMatchObject({ quick: true, json: "out.json" });
  });

  it.each([
    ["a benchmark that does not exist", ["--only", "speed"], /no benchmark "speed".*throughput/],
    ["an option that does not exist", ["--fast"], /--fast/],
    ["a further word", ["throughput"], /throughput/],
    ["an option without its value", ["--json"], /--json/],
    ["to save a quick run", ["--quick", "--save"], /not comparable/],
  ])("refuses %s", (_, args, message) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(message);
  });

  it("has a help text with all benchmarks", () => {
    const text = usage(benchmarks);
    for (const { name, measures } of benchmarks) expect(text).toContain(`${name.padEnd(15)} ${measures}`);
  });
});

describe("The benchmarks", () => {
  it("have unique names", () => {
    const names = benchmarks.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
