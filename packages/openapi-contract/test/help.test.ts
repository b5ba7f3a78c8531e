import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { helpText } from "../src/command/help.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const commands = ["generate", "check", "proxy", "diff", "overlay", "update"];

describe("a help text", () => {
  const text = `tool DO [options]
  does it, and takes
  long

  --dry-run   shows everything that
              would happen
  --out FILE  writes to FILE`;

  it("has its descriptions beside the terms, and joins the lines of a paragraph", () => {
    expect(helpText(text, 120)).toBe(`tool DO [options]
  does it, and takes long

  --dry-run   shows everything that would happen
  --out FILE  writes to FILE`);
  });

  it("has its descriptions below the terms on a narrow terminal", () => {
    expect(helpText(text, 30)).toBe(`tool DO [options]
  does it, and takes long

  --dry-run
      shows everything that would happen
  --out FILE
      writes to FILE`);
  });

  it.each([[], ...commands.map((command) => [command])])(
    "of openapi-contract %s is at most 80 columns wide without a terminal",
    (...command) => {
      const lines = execFileSync(process.execPath, [main, ...command, "--help"], { encoding: "utf8" }).split(
        "\n",
      );
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      expect(helpText(lines.join("\n"), 60).split(/\s+/)).toEqual(lines.join("\n").split(/\s+/));
    },
  );
});
