import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { commands } from "../src/commands/index.js";
import { completeHints, quoteCommandLine, quoteName } from "../src/output/hints.js";
import { startCli } from "./cli-process.js";
import { emulatorForTest } from "./emulator-for-test.js";

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
  "next\u0085line",
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

  it("does not begin an argument with = for Zsh, and has no invisible characters in names", () => {
    expect(quoteCommandLine(["stat", "=ls"], {}, "linux")).toBe("sf-image-store stat '=ls'");
    expect(quoteName("a\nb c", "linux")).toBe("$'a\\x0ab c'");
    expect(quoteName("a\nb c", "win32")).toBe('"a\\nb c"');
  });

  it("starts with npx if it was run with npx", () => {
    expect(quoteCommandLine(["ls"], { npm_command: "exec" }, "linux")).toBe("npx sf-image-store ls");
  });
});

describe("a command that a message tells users to run", () => {
  const complete = (text: string, environment = {}) =>
    completeHints(text, ["--profile", "my cluster", "--insecure"], environment, "linux");
  const options = "--profile 'my cluster' --insecure";

  it.each([
    ["To list the content, run: sf-image-store ls", `To list the content, run: sf-image-store ls ${options}`],
    [
      "Wait. To check, run:\n  sf-image-store type ls Shop",
      `Wait. To check, run:\n  sf-image-store type ls ${options} Shop`,
    ],
    [
      "To see which, run: sf-image-store app ls. Upgrade it.",
      `To see which, run: sf-image-store app ls ${options}. Upgrade it.`,
    ],
    [
      "Or: sf-image-store rm A\nOr: sf-image-store du",
      `Or: sf-image-store rm ${options} A\nOr: sf-image-store du ${options}`,
    ],
  ])("gets the connection options of the command line: %s", (text, expected) => {
    expect(complete(text)).toBe(expected);
  });

  it.each([
    "To check the manifests of a package, run: sf-image-store lint.",
    "run: sf-image-store emulator --port 1\nOr run: sf-image-store connect",
    "Upload sessions (see sf-image-store session --help):",
    "For help, run: sf-image-store session list --help",
    "To resume, run:\n  sf-image-store upload A --profile 'my cluster'",
    "sf-image-store info",
  ])("gets no options that it does not need: %s", (text) => {
    expect(complete(text)).toBe(text);
  });

  it("starts with npx if the program was run with npx", () => {
    const npx = { npm_command: "exec" };
    expect(complete("run: sf-image-store du", npx)).toBe(`run: npx sf-image-store du ${options}`);
    expect(complete("run: sf-image-store lint A", npx)).toBe("run: npx sf-image-store lint A");
  });

  it("names a command that exists", () => {
    const names = Object.keys(commands).flatMap((name) =>
      commands[name]?.hasSubcommands ? `${name} ls` : name,
    );
    const changed = names.filter((name) => complete(`run: sf-image-store ${name}`).endsWith(options));
    expect(changed.sort()).toEqual([
      "app ls",
      "doctor",
      "du",
      "info",
      "ls",
      "prune",
      "rm",
      "session ls",
      "stat",
      "type ls",
      "verify",
    ]);
  });

  it("connects to the same cluster in errors and in JSON", async () => {
    const refused = ["--endpoint", "http://127.0.0.1:1"];
    const failed = await startCli(["ls", ...refused, "--cluster-id", "a b"]).result;
    expect(failed.stderr).toContain(
      "\nTo diagnose the connection, run: sf-image-store doctor --endpoint http://127.0.0.1:1 --cluster-id 'a b'\n",
    );
    const { endpoint } = await emulatorForTest();
    const missing = await startCli(["type", "provision", "None", "--json", "--endpoint", endpoint]).result;
    expect(JSON.parse(missing.stdout).error.remedy).toContain(
      `To list the content, run: sf-image-store ls --endpoint ${endpoint}`,
    );
  });
});
