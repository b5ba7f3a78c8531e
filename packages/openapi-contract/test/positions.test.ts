import { describe, expect, it } from "vitest";
import { positionsIn } from "../src/document/positions.js";

const yaml = `# a comment
name: demo
sizes:
  - 9007199254740993
  - { big: 1.0, "a/b": 'x' }
200: ok
empty:
`;
const json = `{
  "name": "demo",
  "sizes": [9007199254740993, {"big": 1.0, "a/b": "x\\u0041"}]
}`;

describe("the position of a JSON pointer", () => {
  it.each<[string, string, string, number, number, string | undefined]>([
    ["a value in YAML", yaml, "#/name", 2, 7, "demo"],
    ["a number as it is written", yaml, "#/sizes/0", 4, 5, "9007199254740993"],
    ["a value in a flow", yaml, "#/sizes/1/big", 5, 12, "1.0"],
    ["a name with a slash", yaml, "#/sizes/1/a~1b", 5, 24, "'x'"],
    ["a name that is a number", yaml, "#/200", 6, 6, "ok"],
    ["a list", yaml, "#/sizes", 4, 3, undefined],
    ["a value in JSON", json, "#/name", 2, 11, '"demo"'],
    ["a number in JSON", json, "#/sizes/0", 3, 13, "9007199254740993"],
    ["a text as it is written", json, "#/sizes/1/a~1b", 3, 51, '"x\\u0041"'],
    ["the root", json, "#", 1, 1, undefined],
    ["what does not exist is where its parent is", json, "#/sizes/1/none/deeper", 3, 31, undefined],
    ["an item beyond the last one", json, "#/sizes/7", 3, 12, undefined],
  ])("%s", (_, text, pointer, line, column, source) => {
    expect(positionsIn(text)(pointer)).toEqual({ line, column, text: source });
  });

  it("is that of the name where the name is meant", () => {
    expect(positionsIn(yaml)("#/sizes", "name")).toEqual({ line: 3, column: 1, text: undefined });
    expect(positionsIn(json)("#/sizes/1/big", "name")).toEqual({ line: 3, column: 32, text: "1.0" });
    expect(positionsIn(yaml)("#/empty", "name")).toMatchObject({ line: 7, column: 1 });
  });

  it("is the begin of a file that holds nothing", () => {
    expect(positionsIn("")("#/a")).toEqual({ line: 1, column: 1, text: undefined });
  });
});

describe("the position of what is written twice or has no value", () => {
  it("is that of the last one, which JSON.parse takes", () => {
    expect(positionsIn('{"a": 1,\n"a": 2}')("#/a")).toEqual({ line: 2, column: 6, text: "2" });
  });

  it("is that of the name", () => {
    expect(positionsIn("? a\n? b\n")("#/b")).toMatchObject({ line: 2, column: 3 });
  });
});
