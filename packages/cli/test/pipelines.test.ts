import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImageStoreClient } from "@sf-image-store/client";
import { type Emulator, startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type CliResult, startCli, workIn } from "./cli-process.js";

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
workIn(folder);

function run(environment: Record<string, string>, ...args: string[]): Promise<CliResult> {
  return startCli(args, { SF_ENDPOINT: emulator.endpoint, ...environment }).result;
}

describe("in GitHub Actions", () => {
  const github = { GITHUB_ACTIONS: "true" };

  it("an upload is a collapsible group, and its result is outside", async () => {
    const { stdout, stderr } = await run(github, "upload", "a.bin");
    expect(stderr).toMatch(/^::group::Uploading a\.bin \(586 KiB\) to a\.bin\n(.*\n)*::endgroup::\n$/);
    expect(stdout).toMatch(/^a\.bin is in the image store: /);
  });

  it("a failure is an error of the step, after the group", async () => {
    const refused = { do: "answer", status: 403, code: "E_ACCESSDENIED", times: 1000 } as const;
    const heal = emulator.addFault({ ...refused, operation: "UploadFileChunk" });
    const { code, stderr } = await run(github, "upload", "a.bin", "--to", "refused.bin");
    heal();
    expect(code).toBe(3);
    expect(stderr).toMatch(/::endgroup::\n::error::[^\n]+\n$/);
  });
});

describe("the summary of an upload", () => {
  it("is added to the step summary of GitHub Actions, of a success and of a failure, but not of a dry run", async () => {
    const file = join(folder, "summary.md");
    writeFileSync(file, "");
    const github = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: file };
    await run(github, "upload", "a.bin", "--to", "a_[b].bin");
    await run(github, "upload", "a.bin", "summary.md", "--to", "Folder/");
    await run(github, "upload", "a.bin", "--dry-run");
    await run(github, "upload", "no*pe");
    expect(readFileSync(file, "utf8").split(/\n(?=###)/)).toEqual([
      expect.stringMatching(
        /^### ✅ Uploaded to the image store\n\na\\_\\\[b\\\]\.bin is in the image store: .*\n+$/,
      ),
      expect.stringMatching(/^### ✅ Uploaded to the image store\n\n2 paths are in the image store: /),
      expect.stringMatching(/^### ❌ The upload failed with exit code 2\n\n.*no\\\*pe does not exist\.\n\n$/),
    ]);
  });

  it("is uploaded in Azure Pipelines", async () => {
    const environment = { TF_BUILD: "True", AGENT_TEMPDIRECTORY: folder };
    const { stderr } = await run(environment, "upload", "a.bin");
    const path = /^##vso\[task\.uploadsummary\](.*)$/m.exec(stderr)?.[1] ?? "";
    expect(readFileSync(path, "utf8")).toMatch(/^### ✅ Uploaded to the image store\n\na\.bin is /);
  });
});

describe("in Azure Pipelines", () => {
  const azure = { TF_BUILD: "True" };

  it("an upload is a group, and updates the progress of the step", async () => {
    const { stderr } = await run(azure, "upload", "a.bin");
    expect(stderr).toMatch(/^##\[group\]Uploading a\.bin \(586 KiB\) to a\.bin\n/);
    expect(stderr).toMatch(/\n##vso\[task\.setprogress value=100;\]Upload\n##\[endgroup\]\n$/);
  });

  it("a failure is an issue of the step", async () => {
    const { code, stderr } = await run(azure, "upload", "nope");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^##vso\[task\.logissue type=error\].*nope does not exist\.\n$/);
  });
});

describe("a result", () => {
  it("contains no CI command, whatever the names of files", async () => {
    await using linux = await startEmulator({ platform: "linux" });
    const client = createImageStoreClient({ endpoint: linux.endpoint, gatewayPlatform: "linux" });
    await client.putFile({ storePath: "a##vso[task.complete]", content: new Uint8Array(1) });
    const environment = { TF_BUILD: "True", SF_ENDPOINT: linux.endpoint };
    expect((await run(environment, "ls")).stdout).toBe("a#\\x23vso[task.complete]\n");
  });
});

describe("an upload of another user", () => {
  const storePath = "MyApp/x##vso[task.setvariable variable=PATH]evil";
  const sessionId = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";
  const azure = { TF_BUILD: "True" };

  it("cannot inject a CI command in session watch and session show, as text and as JSON", async () => {
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

  it("cannot inject a CI command in an error of the server, with --verbose, --debug and --json", async () => {
    const code = "E_FAIL##vso[task.complete]";
    const server = createServer((_, answer) => {
      // Not one that is retried: that would take its time.
      answer.writeHead(400, { "Content-Type": "application/json" });
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

describe("names with invisible characters", () => {
  it("are escaped when listed, deleted and completed", async () => {
    await using linux = await startEmulator({ platform: "linux" });
    const client = createImageStoreClient({ endpoint: linux.endpoint, gatewayPlatform: "linux" });
    const reversed = "App/gpj\u202e.exe";
    for (const storePath of [reversed, "App/a\u2028\u200bkeep", "App/plain"]) {
      await client.putFile({ storePath, content: new Uint8Array(1) });
    }
    const environment = { SF_ENDPOINT: linux.endpoint, SF_GATEWAY_PLATFORM: "linux" };
    const said: string[] = [];
    for (const line of [
      "ls App",
      "ls -l App",
      "tree",
      "du App",
      "stat App",
      "prune --keep 1",
      "rm -y App -v",
    ]) {
      const { code, stdout, stderr } = await run(environment, ...line.split(" "));
      expect({ line, code }).toEqual({ line, code: 0 });
      said.push(`${stdout}${stderr}`);
      if (line === "ls App") expect(stdout.trim().split("\n")).toHaveLength(3);
      if (line !== "rm -y App -v") continue;
      await client.putFile({ storePath: reversed, content: new Uint8Array(1) });
      said.push((await run(environment, "rm", "-y", reversed)).stdout);
    }
    expect(said.join("")).not.toMatch(/[\u202e\u2028\u200b]/);
    expect(said.at(-1)).toBe("Deleted App/gpj\\u202e.exe  1 B\n");
    await client.putFile({ storePath: "App/plain", content: new Uint8Array(1) });
    expect((await run(environment, "__complete", "1", "stat", "")).stdout).toBe("App/\n:open\n");
    expect((await run(environment, "__complete", "1", "stat", "App/")).stdout).toBe("App/plain\n:closed\n");
  });

  it.skipIf(process.platform === "win32")("add no lines to a listing or to completions", async () => {
    const store = join(folder, "store");
    mkdirSync(store);
    for (const name of [":files", "a\nb", "c\u001b[2J", "plain"]) writeFileSync(join(store, name), "");
    const place = ["--image-store", `file:${store}`];
    expect((await run({}, "ls", ...place)).stdout).toBe(":files\na\\nb\nc\\x1b[2J\nplain\n");
    expect((await run({}, "__complete", "3", "stat", ...place, "")).stdout).toBe("plain\n:closed\n");
  });

  it.skipIf(process.platform === "win32")("cannot inject CI commands in the output of pack", async () => {
    const service = join(folder, "Shop", "Web");
    mkdirSync(join(service, "Code##vso[task.complete]"), { recursive: true });
    writeFileSync(join(folder, "Shop", "ApplicationManifest.xml"), "<a/>");
    writeFileSync(join(service, "ServiceManifest.xml"), "<a/>");
    writeFileSync(join(service, "Code##vso[task.complete]", "a"), "a");
    const { code, stderr } = await run({ TF_BUILD: "True" }, "pack", "Shop", "--verbose");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^Web\/Code#\\x23vso\[task\.complete\]\.zip: /),
    });
  });
});

describe.skipIf(process.platform === "win32")("the name of a file", () => {
  it.each([{ GITHUB_ACTIONS: "true" }, { TF_BUILD: "True" }, {}])(
    "cannot inject a CI command: %j",
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
