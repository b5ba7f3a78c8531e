import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImageStoreClient } from "@sf-image-store/client";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
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
});

describe("what somebody else uploads", () => {
  const storePath = "MyApp/x##vso[task.setvariable variable=PATH]evil";
  const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
  const azure = { TF_BUILD: "True" };

  it("is no command to the service in session watch and session show, as text and as JSON", async () => {
    const client = createImageStoreClient({ endpoint: emulator.endpoint, gatewayPlatform: "windows" });
    const chunk = new Uint8Array(10);
    await client.uploadFileChunk({ storePath, sessionId, startPosition: 0, fileSize: 10, chunk });
    for (const args of [
      ["watch"],
      ["show"],
      ["watch", "--json"],
      ["show", "--json"],
      ["commit", "--verbose"],
    ]) {
      const [command = "", ...flags] = args;
      const { code, stdout, stderr } = await run(azure, "session", command, sessionId, ...flags);
      expect({ code, args }).toEqual({ code: 0, args });
      expect(stdout + stderr).toContain(flags[0] === "--json" ? "\\u0023\\u0023vso[" : "#\\x23vso[");
      expect(stdout + stderr).not.toContain("##vso[");
      if (flags[0] === "--json") expect(stdout).toContain(storePath.slice(-5));
    }
  });

  it("is no command in a server's error, neither with --verbose, --debug nor --json", async () => {
    const code = "E_FAIL##vso[task.complete]";
    const server = createServer((_, answer) => {
      answer.writeHead(500, { "Content-Type": "application/json" });
      answer.end(JSON.stringify({ Error: { Code: code, Message: `${code}\n::error::x\u202e` } }));
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    for (const flag of ["--verbose", "--debug", "--json"]) {
      for (const service of [azure, { GITHUB_ACTIONS: "true" }]) {
        const { stdout, stderr } = await run({ ...service, SF_ENDPOINT: endpoint }, "ls", flag);
        expect(stdout + stderr).toContain("task.complete");
        expect(stdout + stderr).not.toMatch(/##vso\[task\.complete|^\s*::error::x|\u202e/m);
      }
    }
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
