import { describe, expect, it } from "vitest";
import { readArguments, UsageError } from "../src/command/generate.js";

describe("the command line", () => {
  it.each<[string, string[], string]>([
    ["--only for the project itself", ["--only", "A", "--check"], "--only works with both"],
    ["--spec without a place for the result", ["--spec", "a.json"], "--spec works with both"],
    ["an option without its value", ["--spec", "", "--out", "x"], "--spec needs a value"],
    ["an option nobody knows", ["--sepc", "x"], "Unknown option '--sepc'"],
  ])("is refused with %s", (_, args, message) => {
    expect(() => readArguments(args)).toThrow(UsageError);
    expect(() => readArguments(args)).toThrow(message);
  });
});
