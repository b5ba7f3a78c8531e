import { existsSync } from "node:fs";
import { flagUsage, optionRows } from "@sf-image-store/emulator/command";
import { describe, expect, it } from "vitest";
import { runCli, startCliProcess } from "./cli-process.js";
import { startOnTerminal } from "./terminal.js";

describe("emulator", () => {
  it("accepts the emulator's options, and exits with 0 after one Ctrl+C", async () => {
    const terminal = startOnTerminal(["emulator", "--port", "0", "--platform", "linux", "--quiet"], {});
    await terminal.shows("Stop with Ctrl+C.");
    expect(terminal.output()).toContain("platform  linux");
    const [, location = ""] = /location +(\S+)/.exec(terminal.output()) ?? [];
    expect(existsSync(location)).toBe(true);
    terminal.type("\u0003");
    expect(await terminal.exited).toBe(0);
    expect(existsSync(location)).toBe(false);
  });

  it("prints JSON lines with --json", async () => {
    const { child, result, stdout } = startCliProcess(["emulator", "--json", "--port=0"]);
    await expect.poll(stdout).toContain("\n");
    const { event, endpoint } = JSON.parse(stdout());
    expect(event).toBe("start");
    expect((await fetch(`${endpoint}/Nonsense`)).status).toBe(404);
    await expect.poll(stdout).toContain('"event":"request"');
    child.kill("SIGTERM");
    expect(await result).toMatchObject({ code: 0, stderr: "" });
  });

  it("prints the version and the options without starting an emulator", async () => {
    expect(await runCli("emulator", "--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+(-dev)?\n$/),
    });
    const { code, stdout } = await runCli("emulator", "--help");
    expect(code).toBe(0);
    for (const row of optionRows) if (row.flag !== undefined) expect(stdout).toContain(flagUsage(row));
  });

  it("exits with 2 for invalid options, and with 1 if it cannot start", async () => {
    expect(await runCli("emulator", "--port", "many")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--port must be"),
    });
    expect(await runCli("emulator", "--prot", "0")).toMatchObject({
      code: 2,
      stderr:
        "Error: Unknown option --prot. Did you mean --port?\nFor help, run: sf-image-store emulator --help\n",
    });
    const { stdout, child } = startCliProcess(["emulator", "--json", "--port", "0"]);
    await expect.poll(stdout).toContain("\n");
    const { port } = new URL(JSON.parse(stdout()).endpoint);
    expect(await runCli("emulator", "--port", port)).toMatchObject({
      code: 1,
      stderr: `Error: Port ${port} is in use. Choose another with --port, or pass --port 0 to use any free port.\n`,
    });
    child.kill("SIGTERM");
  });
});
