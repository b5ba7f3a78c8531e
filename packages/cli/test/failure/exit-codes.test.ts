import { describe, expect, it } from "vitest";
import { exitCode } from "../../src/failure/exit-code.js";
import { explain } from "../../src/failure/explain.js";
import { openFolder } from "../../src/file-store/open-folder.js";
import { applicationPackage, scratchFolder } from "../application-package.js";
import { runCli, startCli } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

describe("the process ends with", () => {
  it("0 when all is done", async () => {
    const { endpoint } = await emulatorForTest();
    expect((await runCli("ls", "--endpoint", endpoint)).code).toBe(0);
  });

  it("1 when it failed", async () => {
    expect((await runCli("ls", "--endpoint", "http://127.0.0.1:1")).code).toBe(1);
  });

  it.each([
    [["ls", "--endpoint", "ftp://x"]],
    [["ls", "--no-such-option"]],
    [["no-such-command"]],
    [["ls", "--profile", "never-connected"]],
    [["pack"]],
    [["pack", "x", "--level", "best"]],
  ])("2 for %j", async (args) => {
    const { code, stdout } = await runCli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("3 for want of a token", async () => {
    const { endpoint } = await emulatorForTest({ bearer: { tokens: ["good"] } });
    expect((await runCli("ls", "--endpoint", endpoint)).code).toBe(3);
  });

  it("4 for what is not there", async () => {
    const { endpoint } = await emulatorForTest();
    expect((await runCli("ls", "Nothing", "--endpoint", endpoint)).code).toBe(4);
  });

  it("4 for what is not in a folder", async () => {
    const imageStore = ["--image-store", `file:${scratchFolder()}`];
    expect((await runCli("ls", "Nothing", ...imageStore)).code).toBe(4);
  });

  it("5 for what does not verify", async () => {
    const store = await openFolder(scratchFolder());
    const options = { retryOptions: { retryDelayMs: 0 } };
    const error = await store.verifyPackage(applicationPackage(), "Shop", options).catch((e: unknown) => e);
    expect(explain(error, false).exitCode).toBe(exitCode.verification);
  });

  it("6 when the server's time runs out", async () => {
    const emulator = await emulatorForTest();
    const timeOut = { times: 99, do: "answer", status: 504, code: "FABRIC_E_TIMEOUT" } as const;
    emulator.addFault({ operation: "GetImageStoreRootContent", ...timeOut });
    expect((await runCli("ls", "--endpoint", emulator.endpoint)).code).toBe(6);
  });

  it.skipIf(process.platform === "win32")("130 when it is interrupted", async () => {
    const emulator = await emulatorForTest();
    emulator.addFault({ operation: "GetImageStoreRootContent", do: "delay", ms: 20_000 });
    const running = startCli(["ls", "--debug", "--endpoint", emulator.endpoint]);
    while (!running.stderr().includes("GetClusterManifest")) await new Promise((r) => setTimeout(r, 20));
    await new Promise((r) => setTimeout(r, 200));
    running.child.kill("SIGINT");
    const { code, stderr } = await running.result;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Error: Stopped\.$/m);
  });
});
