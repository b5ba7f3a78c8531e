import { describe, expect, it } from "vitest";
import { runCli } from "./cli-process.js";

describe("an invalid command line", () => {
  it.each([
    [["lss"], "unknown command 'lss' (Did you mean ls?)", "sf-image-store --help"],
    [["ls", "--bad"], "unknown option '--bad' (Did you mean --aad?)", "sf-image-store ls --help"],
    [["upload"], "missing required argument 'path'", "sf-image-store upload --help"],
    [["session", "foo"], "unknown command 'foo'", "sf-image-store session --help"],
  ])("%j exits with 2, and prints the reason and where to find help", async (args, why, help) => {
    const { code, stdout, stderr } = await runCli(...args);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: `Error: ${why}\nFor help, run: ${help}\n`,
    });
  });

  it.each(["0", "fast", "1KiB", "-1"])("includes a rate such as %j", async (rate) => {
    const { code, stderr } = await runCli("upload", "x", "--limit-rate", rate);
    expect(code).toBe(2);
    expect(stderr).toMatch(/option '--limit-rate <size>' argument|Use a size/);
  });

  it("is one JSON document with --json, like every error", async () => {
    const { code, stdout, stderr } = await runCli("ls", "--bad", "--json");
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      command: "ls",
      error: { code: "usage", exitCode: 2 },
    });
  });

  it("shows the help if there is no command", async () => {
    const { code, stderr } = await runCli();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Usage: sf-image-store <command>/);
    expect(stderr).not.toMatch(/Error/);
  });
});
