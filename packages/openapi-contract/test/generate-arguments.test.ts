import { describe, expect, it } from "vitest";
import { readArguments, UsageError } from "../src/command/generate.js";

describe("the command line", () => {
  it.each<[string, string[], string]>([
    ["--only for the project itself", ["--only", "A", "--check"], "--only needs a document"],
    ["no place for the result", ["a.json"], "Specify --out DIR for a package or --types FILE for one module"],
    ["two places for the result", ["a.json", "--out", "a", "--types", "b"], "Specify --out DIR"],
    ["two documents", ["a.json", "b.json", "--out", "x"], "generate takes one document, not 2"],
    [
      "a document and a project file",
      ["a.json", "--out", "x", "--config", "c.json"],
      "--config works without",
    ],
    [
      "both modes",
      ["a.json", "--out", "x", "--strict", "--lenient"],
      "--strict and --lenient exclude each other",
    ],
    ["an option without its value", ["a.json", "--only", "", "--out", "x"], "--only needs a value"],
    ["an option nobody knows", ["--sepc", "x"], "Unknown option '--sepc'"],
  ])("is refused with %s", (_, args, message) => {
    expect(() => readArguments(args)).toThrow(UsageError);
    expect(() => readArguments(args)).toThrow(message);
  });
});
