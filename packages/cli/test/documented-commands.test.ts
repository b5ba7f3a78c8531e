import { resolve } from "node:path";
import { readAllCommandLines } from "@sf-image-store/docs/code-blocks";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/program.js";

const lines = readAllCommandLines(resolve(import.meta.dirname, "../../..")).filter(
  ({ words: [program] }) => program === "sf-image-store",
);
/** Abbreviations in texts, such as of `sf-image-store emulator …`, are no commands. */
const complete = lines.filter(({ words }) => !words.includes("…"));

describe("the commands in the documentation", () => {
  it("are many", () => {
    expect(complete.length).toBeGreaterThan(40);
  });

  it.each(complete.map(({ place, words }) => ({ place, line: words.join(" "), words })))(
    "are understood: $line ($place)",
    async ({ words }) => {
      let isPerformed = false;
      const program = await createProgram(undefined, async () => {
        isPerformed = true;
      });
      await program.parseAsync(words.slice(1), { from: "user" });
      expect(isPerformed).toBe(true);
    },
  );
});
