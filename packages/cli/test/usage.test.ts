import { scratchFolder, writeTree } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { sizeBetween } from "../src/command-line/values.js";
import { commands, insteadOf, otherNames } from "../src/commands/index.js";
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

  it.each([
    [
      "download",
      /^Error: unknown command 'download'\nThe image store cannot send files back: .* sf-image-store verify\nFor help/,
    ],
    ["get", /cannot send files back/],
    ["put", /^Error: unknown command 'put'\nUse: sf-image-store upload\nFor help/],
    ["list", /Use: sf-image-store ls\n/],
    ["Delete", /Use: sf-image-store rm\n/],
    ["provision", /Use: sf-image-store type provision\n/],
    ["cluster", /does not manage clusters and services/],
  ])("says what to do instead of %s", async (command, text) => {
    const { code, stderr } = await runCli(command, "x", "--bad");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(text) });
  });

  it("says in JSON what to do instead", async () => {
    const { stdout } = await runCli("--json", "get", "x");
    expect(JSON.parse(stdout)).toMatchObject({
      error: { remedy: expect.stringContaining("cannot send files") },
    });
  });

  it("names commands that exist", async () => {
    for (const name of Object.keys(commands)) expect(insteadOf(name)).toBeUndefined();
    for (const [names] of otherNames) {
      for (const name of names.split(" ")) {
        const [, command = "upload"] = /sf-image-store (\w+)/.exec(insteadOf(name) ?? "") ?? [];
        expect(commands, name).toHaveProperty(command);
      }
    }
  });

  it("says what to do instead of options of other tools", async () => {
    expect((await runCli("rm", "-r", "MyApp")).stderr).toBe(
      "Error: unknown option '-r'\nFolders always include all their content.\nFor help, run: sf-image-store rm --help\n",
    );
  });

  it("shows the help if there is no command", async () => {
    const { code, stderr } = await runCli();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Usage: sf-image-store <command>/);
    expect(stderr).not.toMatch(/Error/);
  });
});

describe("a size", () => {
  it.each([
    ["4MiB", 4 * 1024 ** 2],
    ["4MB", 4_000_000],
    ["4 mb", 4_000_000],
    ["4m", 4 * 1024 ** 2],
    ["1GB", 10 ** 9],
    ["1GiB", 2 ** 30],
    ["1G", 2 ** 30],
    ["2kB", 2000],
    ["2KiB", 2048],
    ["7", 7],
    ["7B", 7],
  ])("of %s is %d bytes", (text, bytes) => {
    expect(sizeBetween(0, 2 ** 40)(text)).toBe(bytes);
  });

  it.each(["1.5MB", "-1", "4Mb/s", "MiB", ""])("cannot be %j", (text) => {
    expect(() => sizeBetween(0, 2 ** 40)(text)).toThrow(/Use a size such as 8MiB, 8MB/);
  });
});

describe("an error of a mistyped command", () => {
  it.each([
    [["ls", "nope"], 4, "Error: nope does not exist in the image store.\n"],
    [["cp", "nope", "X"], 4, "Error: Cannot copy nope: it does not exist in the image store.\n"],
    [["rm", "nope", "--yes"], 4, "Error: Not found in the image store: nope. Nothing was deleted.\n"],
    [
      ["stat", "a/100%.txt"],
      2,
      'Error: The store path contains % or #, which gateways on Windows and on Linux read differently, got "a/100%.txt". Nothing was sent.\nPass --gateway-platform windows or --gateway-platform linux.\n',
    ],
    [
      ["ls", "--endpoint", "cluster:19080"],
      2,
      "Error: --endpoint must start with http:// or https://, not with cluster:. Nothing was sent.\nDid you mean http://cluster:19080 or https://cluster:19080?\n",
    ],
    [["ls", "--pem", "nope.pem"], 2, "Error: The file of --pem does not exist: nope.pem\n"],
    [
      ["pack", import.meta.filename],
      2,
      `Error: pack requires a directory, but ${import.meta.filename} is not one.\n`,
    ],
  ])("says in terms of the command line what is wrong: %j", async (args, code, stderr) => {
    const store = await storeForTest();
    expect(await store.run(...args)).toEqual({ code, stdout: "", stderr });
  });

  it("comes before the upload claims to begin", async () => {
    const store = await storeForTest();
    const folder = writeTree(scratchFolder(), { "ApplicationManifest.xml": "<a/>", "100%.txt": "" });
    const { code, stderr } = await store.run("upload", folder, "--to", "App", "--no-lint");
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^Error: The package has a path that cannot be uploaded:\n {2}"100%\.txt" contains/,
    );
    expect(stderr).toMatch(/^Pass --gateway-platform windows or --gateway-platform linux\./m);
  });
});
