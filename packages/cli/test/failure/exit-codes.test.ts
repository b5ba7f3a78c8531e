import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { openFolder } from "@sf-image-store/client/folder";
import { InvalidInputError } from "@sf-image-store/client/node";
import { applicationPackage, scratchFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { openClient } from "../../src/connection/open-client.js";
import { exitCode, UsageError } from "../../src/errors/errors.js";
import { explain } from "../../src/errors/explain.js";
import { createOutput } from "../../src/output/output.js";
import { cleanEnvironment, program, runCli, startCliProcess } from "../cli-process.js";
import { emulatorForTest } from "../emulator-for-test.js";

const choice = { json: false, level: "normal", color: false } as const;

/** Smaller files may be read when their directory is read, and are then kept in memory. */
const readLaterSize = 100_000;

/** What is in the store, as paths. */
async function pathsIn(endpoint: string, folder: string): Promise<string[]> {
  const { stdout } = await runCli("ls", folder, "--endpoint", endpoint);
  return stdout.split("\n").filter((line) => line !== "");
}

describe("2 is never the exit code of a command that sent something:", () => {
  it("a file of a package disappears while another is sent", async () => {
    const source = scratchFolder();
    writeFileSync(join(source, "big"), new Uint8Array(2_000_000));
    writeFileSync(join(source, "small"), new Uint8Array(readLaterSize));
    const emulator = await emulatorForTest({
      onRequest: ({ operationId }) => {
        if (operationId === "UploadFileChunk") rmSync(join(source, "small"), { force: true });
      },
    });
    const { endpoint } = emulator;
    const args = ["--to", "Shop", "--concurrency", "1", "--chunk-size", "100KiB", "--json"];
    const { code, stdout } = await runCli("upload", source, "--endpoint", endpoint, ...args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "failed",
      kind: "source-changed",
      remedy: expect.stringMatching(/^The file no longer exists/),
      details: { reason: "source", storePath: "Shop/small", systemCode: "ENOENT" },
    });
    expect(await pathsIn(endpoint, "Shop")).toEqual(["Shop/big"]);
  });

  it.skipIf(process.platform === "win32")("the process has too many open files", async () => {
    const source = scratchFolder();
    const content = new Uint8Array(readLaterSize);
    for (let index = 0; index < 100; index += 1) writeFileSync(join(source, `f${index}`), content);
    const { endpoint } = await emulatorForTest();
    const command = `ulimit -n 64; exec "${process.execPath}" "${program}" "$@"`;
    const args = ["upload", source, "--endpoint", endpoint, "--concurrency", "64", "--json"];
    const child = spawn("sh", ["-c", command, "sh", ...args], { env: cleanEnvironment });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => (stdout += piece));
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      kind: "too-many-open-files",
      remedy: expect.stringContaining("ulimit -n"),
      details: { reason: "source", systemCode: "EMFILE" },
    });
  });

  it.skipIf(process.platform === "win32")(
    "a path in a folder store is rejected after others were written",
    async () => {
      const [source, store] = [scratchFolder(), scratchFolder()];
      mkdirSync(join(store, "Shop"));
      symlinkSync(scratchFolder(), join(store, "Shop", "out"));
      mkdirSync(join(source, "out"));
      writeFileSync(join(source, "a"), "xxx");
      writeFileSync(join(source, "out", "smaller"), "x");
      const place = ["--to", "Shop", "--image-store", `file:${store}`];
      const { code, stderr } = await runCli(
        ...["upload", source, ...place, "--concurrency", "1", "--allow-unexpected", "--no-verify"],
      );
      expect(stderr).toMatch(/leads out of the image store through a link/);
      expect(stderr).not.toContain("Nothing was sent");
      expect(existsSync(join(store, "Shop", "a"))).toBe(true);
      expect(code).toBe(1);
    },
  );

  it.each([new UsageError("no"), new InvalidInputError("source", "is nothing")])("%s", (error) => {
    expect(explain(error).exitCode).toBe(exitCode.usage);
    expect(explain(error, { maybeChanged: true })).toMatchObject({
      exitCode: exitCode.failed,
      document: { code: "failed", exitCode: exitCode.failed },
    });
  });

  it.each(["DELETE", "POST", "PUT"])(
    "a %s was sent before the input turned out to be invalid",
    async (method) => {
      const { endpoint } = await emulatorForTest();
      const ending = async (sent: string) => {
        let maybeChanged = false;
        const markChanged = () => {
          maybeChanged = true;
        };
        const output = createOutput(
          { stdout: new PassThrough(), stderr: new PassThrough() },
          {},
          "rm",
          choice,
        );
        const { signal } = new AbortController();
        const world = {
          output,
          environment: {},
          flags: {},
          profile: undefined,
          argv: [],
          signal,
          markChanged,
        };
        const cli = { ...world, stdin: new PassThrough(), setExitCode: () => {} };
        const settings = { endpoint: { value: [endpoint], origin: "flag" } } as const;
        await using client = await openClient(cli, settings);
        if (sent === "GET") await client.getContentPage();
        if (sent === "DELETE") await client.deleteContent({ storePath: "a" }).catch(() => {});
        if (sent === "POST") await client.copyContent({ source: "a", destination: "b" }).catch(() => {});
        if (sent === "PUT") await client.putFile({ storePath: "a", content: new Uint8Array(1) });
        return explain(new UsageError("no"), { maybeChanged }).exitCode;
      };
      expect([await ending("GET"), await ending(method)]).toEqual([exitCode.usage, exitCode.failed]);
    },
  );
});

describe("the process exits with", () => {
  it("0 after success", async () => {
    const { endpoint } = await emulatorForTest();
    expect((await startCliProcess(["ls", "--endpoint", endpoint]).result).code).toBe(0);
  });

  it("1 after a failure", async () => {
    expect((await startCliProcess(["ls", "--endpoint", "http://127.0.0.1:1"]).result).code).toBe(1);
  });

  it("2 for invalid input", async () => {
    const { code, stdout } = await startCliProcess(["ls", "--endpoint", "ftp://x"]).result;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it.each([
    [["ls", "--no-such-option"]],
    [["no-such-command"]],
    [["ls", "--profile", "never-connected"]],
    [["pack"]],
    [["pack", "x", "--level", "best"]],
  ])("2 for %j", async (args) => {
    const { code, stdout } = await runCli(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("3 without a token", async () => {
    const { endpoint } = await emulatorForTest({ bearer: { tokens: ["good"] } });
    expect((await startCliProcess(["ls", "--endpoint", endpoint]).result).code).toBe(3);
  });

  it("4 for a missing path", async () => {
    const { endpoint } = await emulatorForTest();
    expect((await startCliProcess(["ls", "Nothing", "--endpoint", endpoint]).result).code).toBe(4);
  });

  it("4 for a missing path in a folder store", async () => {
    const imageStore = ["--image-store", `file:${scratchFolder()}`];
    expect((await startCliProcess(["ls", "Nothing", ...imageStore]).result).code).toBe(4);
  });

  it("5 if the verification fails", async () => {
    const store = await openFolder(scratchFolder());
    const options = { retryOptions: { retryDelayMs: 0 } };
    const error = await store.verifyPackage(applicationPackage(), "Shop", options).catch((e: unknown) => e);
    expect(explain(error).exitCode).toBe(exitCode.verification);
  });

  it("6 after a timeout of the server", async () => {
    const emulator = await emulatorForTest();
    const timeOut = { times: 99, do: "answer", status: 504, code: "FABRIC_E_TIMEOUT" } as const;
    emulator.addFault({ operation: "GetImageStoreRootContent", ...timeOut });
    expect((await startCliProcess(["ls", "--endpoint", emulator.endpoint]).result).code).toBe(6);
  });

  it.skipIf(process.platform === "win32")("130 if it is interrupted", async () => {
    let begin = () => {};
    const begun = new Promise<void>((listed) => {
      begin = listed;
    });
    const emulator = await emulatorForTest({ onFault: () => begin() });
    emulator.addFault({ operation: "GetImageStoreRootContent", do: "delay", ms: 600_000 });
    const running = startCliProcess(["ls", "--debug", "--endpoint", emulator.endpoint]);
    await begun;
    running.child.kill("SIGINT");
    const { code, stderr } = await running.result;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Error: Stopped\.$/m);
  });
});
