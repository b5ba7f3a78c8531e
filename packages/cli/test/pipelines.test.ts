import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImageStoreClient } from "@sf-image-store/client";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutCommands } from "../src/output/pipeline.js";
import { type CliResult, startCli } from "./cli-process.js";

const folder = mkdtempSync(join(tmpdir(), "sf-cli-pipelines-"));
const evil = "x%\n::error::not mine\n##vso[task.complete]";
let emulator: Emulator;
beforeAll(async () => {
  writeFileSync(join(folder, "a.bin"), new Uint8Array(600_000));
  if (process.platform !== "win32") writeFileSync(join(folder, evil), "");
  emulator = await startEmulator();
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(environment: Record<string, string>, ...args: string[]): Promise<CliResult> {
  return startCli(args, { cwd: folder, environment: { SF_ENDPOINT: emulator.endpoint, ...environment } })
    .result;
}

describe("in GitHub Actions", () => {
  const github = { GITHUB_ACTIONS: "true" };

  it("an upload is a group that can be folded, and its result stands outside", async () => {
    const { stdout, stderr } = await run(github, "upload", "a.bin");
    expect(stderr).toMatch(/^::group::Uploading a\.bin \(586 KiB\) to a\.bin\n(.*\n)*::endgroup::\n$/);
    expect(stdout).toMatch(/^a\.bin is in the image store: /);
  });

  it("a failure is an error of the step, after the group", async () => {
    const fault = { do: "answer", status: 403, code: "E_ACCESSDENIED", times: 1000 } as const;
    const heal = emulator.addFault(fault);
    const { code, stderr } = await run(github, "upload", "a.bin");
    heal();
    expect(code).toBe(3);
    expect(stderr).toMatch(/::endgroup::\n::error::[^\n]+\n$/);
  });
});

describe("in Azure Pipelines", () => {
  const azure = { TF_BUILD: "True" };

  it("an upload is a group, and moves the bar of the step", async () => {
    const { stderr } = await run(azure, "upload", "a.bin");
    expect(stderr).toMatch(/^##\[group\]Uploading a\.bin \(586 KiB\) to a\.bin\n/);
    expect(stderr).toMatch(/\n##vso\[task\.setprogress value=100;\]Upload\n##\[endgroup\]\n$/);
  });

  it("a failure is an issue of the step", async () => {
    const { code, stderr } = await run(azure, "upload", "nope");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^##vso\[task\.logissue type=error\]There is no file or directory .*nope\.\n$/);
  });
});

describe("a result", () => {
  it("holds no command to a service, whatever files are called", async () => {
    await using linux = await startEmulator({ platform: "linux" });
    const client = createImageStoreClient({ endpoint: linux.endpoint, gatewayPlatform: "linux" });
    await client.putFile({ storePath: "a##vso[task.complete]", content: new Uint8Array(1) });
    const environment = { TF_BUILD: "True", SF_ENDPOINT: linux.endpoint };
    expect((await run(environment, "ls")).stdout).toBe("a#\\x23vso[task.complete]\n");
  });

  it("begins no line with a command", () => {
    expect(withoutCommands("::error::no\n  ::debug::no\na::b")).toBe(
      "\\x3a:error::no\n  \\x3a:debug::no\na::b",
    );
  });
});

describe.skipIf(process.platform === "win32")("the name of a file", () => {
  it.each([{ GITHUB_ACTIONS: "true" }, { TF_BUILD: "True" }, {}])(
    "is never a command to the service: %j",
    async (environment) => {
      const { code, stdout, stderr } = await run(environment, "upload", evil, "--dry-run");
      expect(code).toBe(2);
      const said = `${stdout}${stderr}`.split("\n");
      expect(
        said.filter((line) => line.startsWith("::error::not") || line.startsWith("##vso[task.complete")),
      ).toEqual([]);
    },
  );
});
