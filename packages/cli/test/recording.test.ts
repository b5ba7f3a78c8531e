import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { record, recordingIn, withRecording } from "../scripts/record.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** A recording with its figures, and the lengths of its bars, made equal; which files are in work is up to the moment. */
function shapeOf(recording: string): string {
  return recording
    .split("\n")
    .filter((line) => !line.startsWith("  ") || line.startsWith("  sf-image-store"))
    .join("\n")
    .replaceAll(/[▓█▒░]+/g, "BAR")
    .replaceAll(/\d+ min \d+ s left|\d+ s left/g, "TIME left")
    .replaceAll(/\d+(\.\d+)?( [KM]iB)?/g, "N")
    .replaceAll(/ +/g, " ");
}

describe("the recording in the README", () => {
  it("has the shape of an actual run", { timeout: 60_000 }, async () => {
    expect(shapeOf(recordingIn(readme))).toBe(shapeOf(await record()));
  });

  it("is inserted between its markers", () => {
    expect(recordingIn(withRecording(readme, "a\nb"))).toBe("a\nb");
    expect(withRecording(withRecording(readme, "x"), recordingIn(readme))).toBe(readme);
  });
});
