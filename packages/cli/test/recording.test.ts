import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ExcerptLine, excerptFile, excerptOf, guide } from "../scripts/first-day.js";
import { record, recordingIn, withRecording } from "../scripts/record.js";
import { createProgram, moveGlobalOptions } from "../src/program.js";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** A recording with its figures, and the lengths of its bars, made equal; which files are in work is up to the moment. */
function shapeOf(recording: string): string {
  return (
    recording
      .split("\n")
      .filter((line) => !line.startsWith("  ") || line.startsWith("  sf-image-store"))
      .join("\n")
      // The bar of a file that just ended leaves an empty line.
      .replaceAll(/\n\n(?!\$)/g, "\n")
      .replaceAll(/[▓█▒░]+/g, "BAR")
      .replaceAll(/\d+ min \d+ s left|\d+ s left/g, "TIME left")
      .replaceAll(/\d+(\.\d+)?( [KM]iB)?/g, "N")
      .replaceAll(/ +/g, " ")
  );
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

describe("the recording of a first day", () => {
  const recording = recordingIn(readFileSync(guide, "utf8"));
  const lines = [...recording.matchAll(/^\$ sf-image-store (.*)$/gm)].map(([, line = ""]) => line);

  it("shows what a user does first", () => {
    for (const step of [
      "npm run install:checkout",
      "^C",
      "resumed with",
      "Nothing was sent",
      "copied inside",
    ])
      expect(recording).toContain(step);
    expect(lines.length).toBeGreaterThan(6);
  });

  it.each(lines)("has a command that exists: sf-image-store %s", async (line) => {
    let isPerformed = false;
    const program = await createProgram(undefined, async () => {
      isPerformed = true;
    });
    const words = moveGlobalOptions(line.split(" "));
    await program.parseAsync([...words], { from: "user" });
    expect(isPerformed).toBe(true);
  });

  it("is where the home page gets its lines from", () => {
    const excerpt: { readonly lines: readonly ExcerptLine[] } = JSON.parse(readFileSync(excerptFile, "utf8"));
    expect(excerpt.lines).toEqual(excerptOf(recording));
    expect(excerpt.lines.filter(([kind]) => kind === "result").length).toBe(3);
  });
});
