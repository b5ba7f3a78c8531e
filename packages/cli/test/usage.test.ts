import { describe, expect, it } from "vitest";
import { runCli } from "./cli-process.js";
import { storeForTest } from "./store-for-test.js";

describe("shared options", () => {
  it.each([
    [["--json", "ls", "App"]],
    [["--endpoint", "URL", "--json", "ls", "App"]],
    [["--endpoint=URL", "-q", "ls", "--json", "App"]],
    [["ls", "App", "--json"]],
  ])("are accepted before and after the command: %j", async (args) => {
    const store = await storeForTest();
    await store.put("App/a.txt", 1);
    const { code, stdout } = await store.run(
      ...args.map((word) => word.replace("URL", store.emulator.endpoint)),
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      command: "ls",
      result: { entries: [{ storePath: "App/a.txt" }] },
    });
  });

  it("are accepted before a subcommand", async () => {
    const { run } = await storeForTest();
    for (const args of [
      ["--json", "session", "list"],
      ["session", "--json", "list"],
    ]) {
      const { code, stdout } = await run(...args, "App/a.txt");
      expect({ code, command: JSON.parse(stdout).command }).toEqual({ code: 0, command: "session list" });
    }
  });

  it("before a command do not hide what is wrong with it", async () => {
    expect(JSON.parse((await runCli("--json", "ls", "--bad")).stdout)).toMatchObject({
      command: "ls",
      error: { message: "unknown option '--bad' (Did you mean --aad?)" },
    });
    expect((await runCli("--quiet", "--bad", "ls")).stderr).toMatch(/^Error: unknown option '--bad'/);
    expect((await runCli("--json", "--help")).stdout).toMatch(/^Usage: sf-image-store <command>/);
    expect((await runCli("--json")).code).toBe(2);
  });
});

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
