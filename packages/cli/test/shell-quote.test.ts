import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { quoteCommandLine } from "../src/upload/messages.js";

const words = [
  "plain",
  "a b",
  "it's",
  'say "hi"',
  "$HOME",
  "`id`",
  "back\\slash",
  "",
  "*",
  "ü🎉",
  "line\nbreak",
  "tab\t'x",
  "a;b",
  "100%",
  "~",
  "--x=#",
];

describe("a quoted command line", () => {
  it.skipIf(process.platform === "win32")("means the same to a shell", () => {
    const command = quoteCommandLine(words, {}, "linux").replace(/^sf-image-store/, "printf '%s\\0'");
    const read = execFileSync("bash", ["-c", command], { encoding: "utf8" }).split("\0").slice(0, -1);
    expect(read).toEqual(words);
  });

  it("has no unnecessary quotation marks", () => {
    expect(quoteCommandLine(["upload", "./My_App-1.2", "--to=a/b"], {}, "linux")).toBe(
      "sf-image-store upload ./My_App-1.2 --to=a/b",
    );
    expect(quoteCommandLine(["upload", "C:\\pkg\\MyApp"], {}, "win32")).toBe(
      "sf-image-store upload C:\\pkg\\MyApp",
    );
  });

  it("is quoted for PowerShell and cmd on Windows", () => {
    expect(quoteCommandLine(["upload", "C:\\my app\\", 'say "hi"', "$cost's"], {}, "win32")).toBe(
      'sf-image-store upload "C:\\my app\\\\" "say \\"hi\\"" \'$cost\'\'s\'',
    );
  });

  it("starts with npx if it was run with npx", () => {
    expect(quoteCommandLine(["ls"], { npm_command: "exec" }, "linux")).toBe("npx sf-image-store ls");
  });
});
