import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validateAction, validateWorkflow } from "@action-validator/core";
import { createApplicationsClient } from "@sf-image-store/client/applications";
import { startEmulator } from "@sf-image-store/emulator";
import { scratchFolder, typeScriptProgram, writeTree } from "@sf-image-store/testing";
import { certify } from "@sf-image-store/testing/certificates";
import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { read, trackedFiles } from "./repository.js";

interface Step {
  readonly id?: string;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: string;
  readonly if?: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const action: Action = parse(read("action.yml"));
/** All steps but the installation. */
const steps = action.runs.steps.filter(({ name }) => name !== "Install sf-image-store");

/** What a run of the action leaves behind. */
interface Run {
  readonly code: number;
  readonly log: string;
  readonly summary: string;
  /** The secret files that existed while the program ran, with their permissions. */
  readonly secretFiles: readonly string[];
  /** The arguments of the program. */
  readonly args: readonly string[];
  readonly temp: string;
}

const manifest = '<ApplicationManifest ApplicationTypeName="MyApp" ApplicationTypeVersion="1.0.0" />';

/** Runs the steps like a runner: expressions are replaced, later steps run only as their `if` says. */
async function runAction(inputs: Readonly<Record<string, string>>, content = manifest): Promise<Run> {
  const folder = scratchFolder();
  const temp = join(folder, "temp");
  const file = (name: string) => join(folder, name);
  writeTree(folder, {
    "temp/.keep": "",
    output: "",
    summary: "",
    "MyApp/ApplicationManifest.xml": content,
  });
  // In place of the installed program: the sources, after a look at what the runner's other processes could see.
  const program = [process.execPath, ...typeScriptProgram("packages/cli/src/main.ts")]
    .map((each) => `'${each}'`)
    .join(" ");
  mkdirSync(file("bin"));
  writeFileSync(
    file("bin/sf-image-store"),
    `#!/bin/bash\nprintf '%s\\n' "$@" > '${file("args")}'\nstat -c '%a %n' '${temp}'/*/* > '${file("secrets")}'\nexec ${program} "$@"\n`,
    { mode: 0o755 },
  );
  const outputs: Record<string, string> = {};
  const value = (expression: string): string => {
    const [scope = "", name = "", , output = ""] = expression.split(".");
    if (scope === "inputs") return inputs[name] ?? action.inputs[name]?.default ?? "";
    return scope === "steps" ? (outputs[output] ?? "") : expression === "runner.temp" ? temp : "";
  };
  let code = 0;
  let log = "";
  for (const step of steps) {
    if (code !== 0 && step.if !== "always()") continue;
    const given = Object.entries(step.env).map(([name, text]) => [
      name,
      text.replaceAll(/\$\{\{ (.*?) \}\}/g, (_, expression) => value(expression)),
    ]);
    const env = {
      PATH: `${file("bin")}:${process.env["PATH"]}`,
      HOME: folder,
      GITHUB_ACTIONS: "true",
      GITHUB_OUTPUT: file("output"),
      GITHUB_STEP_SUMMARY: file("summary"),
      ...Object.fromEntries(given),
    };
    const ended = await runBash(step.run, folder, env);
    log += ended.output;
    code = code === 0 ? ended.code : code;
    for (const [, name = "", text = ""] of readFileSync(file("output"), "utf8").matchAll(/^(\w+)=(.*)$/gm))
      outputs[name] = text;
  }
  const lines = (name: string) =>
    existsSync(file(name)) ? readFileSync(file(name), "utf8").trim().split("\n") : [];
  const secretFiles = lines("secrets").map((line) => line.replace(/ .*\//, " "));
  return {
    code,
    log,
    summary: readFileSync(file("summary"), "utf8"),
    secretFiles,
    args: lines("args"),
    temp,
  };
}

function runBash(
  script: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; output: string }> {
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], { cwd, env });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  return new Promise((done) => child.on("close", (code) => done({ code: code ?? -1, output })));
}

// Windows has no modes of files; the workflow runs the action there.
describe.skipIf(process.platform === "win32")("the action for GitHub", () => {
  it("uploads with a client certificate from a secret, and leaves neither files nor traces of it", async () => {
    const server = certify("server");
    const client = certify("client");
    await using emulator = await startEmulator({
      tls: { cert: server.cert, key: server.key, clientCa: client.cert },
    });
    const pem = client.cert + client.key;
    const run = await runAction({
      endpoint: emulator.endpoint,
      path: "MyApp",
      to: "MyApp 1.0",
      options: "--timeout=5m\n\n--no-receipt\n",
      pem,
      ca: server.cert,
    });
    expect(run).toMatchObject({
      code: 0,
      secretFiles: expect.arrayContaining(["600 client.pem", "600 ca.pem"]),
    });
    expect(run.args).toEqual(["upload", "--to=MyApp 1.0", "--timeout=5m", "--no-receipt", "--", "MyApp"]);
    expect(readFileSync(emulator.contentPath("MyApp 1.0/ApplicationManifest.xml"), "utf8")).toContain(
      "<Appl",
    );
    expect(run.summary).toMatch(
      /^### ✅ Uploaded to the image store\n\nMyApp 1\.0 is in the image store: .*\n\n$/,
    );
    const secretLines = client.key.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
    const masked = run.log.split("\n").filter((line) => line.startsWith("::add-mask::"));
    expect(masked).toEqual(expect.arrayContaining(secretLines.map((line) => `::add-mask::${line}`)));
    const rest = run.log
      .split("\n")
      .filter((line) => !line.startsWith("::add-mask::"))
      .join("\n");
    expect(secretLines.filter((line) => `${rest}${run.summary}${run.args}`.includes(line))).toEqual([]);
    expect(readdirSync(run.temp)).toEqual([".keep"]);
  });

  it("fails like the upload, with an annotation and a summary, and removes the secrets", async () => {
    await using emulator = await startEmulator();
    const run = await runAction({ endpoint: emulator.endpoint, path: "<b>None</b>", passphrase: "50% off" });
    expect(run.code).toBe(2);
    expect(run.log).toMatch(/^::error::/m);
    expect(run.log).toContain("::add-mask::50%25 off\n");
    expect(run.summary).toMatch(/^### ❌ The upload failed with exit code 2\n\n.*None.* does not exist/);
    expect(run.summary).not.toMatch(/(?<!\\)<b>/);
    expect(readdirSync(run.temp)).toEqual([".keep"]);
  });

  it("writes a certificate in base64 as the file that it was", async () => {
    await using emulator = await startEmulator();
    const pfx = Buffer.from("not a certificate").toString("base64");
    const run = await runAction({ endpoint: emulator.endpoint, path: "MyApp", pfx });
    expect(run.secretFiles).toContain("600 client.pfx");
  });

  it("deploys with a name and parameters, with one summary, and fails if the new version is not healthy", async () => {
    await using emulator = await startEmulator({ upgradeSpeed: 1000 });
    const inputs = {
      endpoint: emulator.endpoint,
      command: "deploy",
      path: "MyApp",
      application: "fabric:/Shop/Blue",
      parameters: "Region=a b\nCount=3\n",
      options: "--healthy-for=0s",
    };
    const parameters =
      '<Parameters><Parameter Name="Region" DefaultValue="" /><Parameter Name="Count" DefaultValue="1" /></Parameters>';
    const version = (name: string) =>
      `<ApplicationManifest ApplicationTypeName="MyApp" ApplicationTypeVersion="${name}">${parameters}</ApplicationManifest>`;
    const first = await runAction(inputs, version("1.0.0"));
    expect(first.code, first.log).toBe(0);
    expect(first.args).toEqual([
      ...["deploy", "--name=fabric:/Shop/Blue", "--parameters=Region=a b", "--parameters=Count=3"],
      ...["--healthy-for=0s", "--", "MyApp"],
    ]);
    expect(first.summary.match(/^### .*$/gm)).toEqual(["### ✅ Deployed fabric:/Shop/Blue"]);
    const applications = createApplicationsClient({ endpoint: emulator.endpoint });
    const find = () => applications.getApplication({ applicationName: "fabric:/Shop/Blue" });
    expect(await find()).toMatchObject({ typeVersion: "1.0.0", parameters: { Region: "a b", Count: "3" } });

    emulator.setHealth({
      application: "fabric:/Shop/Blue",
      version: "1.1.0",
      state: "Error",
      description: "Requests fail.",
    });
    const second = await runAction(inputs, version("1.1.0"));
    expect(second.code, second.log).toBe(1);
    expect(second.log).toMatch(/^::error::.*rolled it back to 1\.0\.0.*Requests fail\./m);
    expect(second.summary.match(/^### .*$/gm)).toEqual([
      "### ❌ Deployment of fabric:/Shop/Blue (MyApp 1.1.0) failed",
    ]);
    expect(await find()).toMatchObject({ typeVersion: "1.0.0" });
  });

  it.each([
    [{ command: "rm" }, '"command" must be upload or deploy'],
    [{ command: "deploy\nrm" }, '"command" must be upload or deploy'],
    [{ application: "fabric:/Shop" }, 'require "command: deploy"'],
    [{ parameters: "Count=3" }, 'require "command: deploy"'],
  ])("refuses %j before anything is sent", async (inputs, reason) => {
    let requests = 0;
    await using emulator = await startEmulator({
      onRequest: () => {
        requests += 1;
      },
    });
    const run = await runAction({ endpoint: emulator.endpoint, path: "MyApp", ...inputs });
    expect(run).toMatchObject({ code: 2, args: [], log: expect.stringContaining(reason) });
    expect(requests).toBe(0);
  });

  it("inserts no expression into a script, checks its inputs first, and describes every input", () => {
    expect(action.runs.steps.filter(({ run }) => run.includes("${{"))).toEqual([]);
    const [check, install] = action.runs.steps;
    expect([check?.name, install?.name]).toEqual(["Check the inputs", "Install sf-image-store"]);
    expect(install?.run).toContain("packages/cli/package.json");
    expect(Object.values(action.inputs).filter(({ description }) => description.length < 20)).toEqual([]);
  });
});

describe("files that only services read", () => {
  const workflows = trackedFiles.filter((path) => path.startsWith(".github/workflows/"));

  it.each(workflows)("%s follows the schema of workflows", (path) => {
    expect(validateWorkflow(read(path)).errors).toEqual([]);
    expect(validateWorkflow("on: push").errors).not.toEqual([]);
  });

  it("action.yml follows the schema of actions", () => {
    expect(validateAction(read("action.yml")).errors).toEqual([]);
    expect(validateAction(read("action.yml").replace("using:", "uses:")).errors).not.toEqual([]);
  });

  it("the Dockerfile has no problems, does not run as root, and copies no local builds or secrets", () => {
    const dockerfile = read("Dockerfile");
    expect(validate(dockerfile)).toEqual([]);
    expect(validate("FORM node").length).toBeGreaterThan(0);
    expect(dockerfile.match(/^(USER .*|HEALTHCHECK)/gm)).toEqual(["USER node", "HEALTHCHECK"]);
    expect(read(".dockerignore").split("\n")).toEqual(
      expect.arrayContaining(["**/node_modules", ".git", "*.pem"]),
    );
  });

  it("the dev container uses the pinned pnpm", () => {
    const { packageManager } = JSON.parse(read("package.json"));
    expect(JSON.parse(read(".devcontainer/devcontainer.json")).postCreateCommand).toContain(packageManager);
  });

  it("the template for Azure Pipelines reads secrets from the environment only, and knows two commands", () => {
    const { parameters, steps: all } = parse(read("azure-pipelines-steps.yml"));
    const scripts: string[] = all.flatMap(({ bash = "", script = "" }) => [bash, script]).filter(Boolean);
    expect(scripts.length).toBe(2);
    expect(scripts.filter((each) => /\$\{\{|\$\(/.test(each))).toEqual([]);
    const command = parameters.find((each: { name: string }) => each.name === "command");
    expect(command).toMatchObject({ default: "upload", values: ["upload", "deploy"] });
  });

  it("the template and the action build the same command line", () => {
    const script = (text: string) => text.split("\n").filter((line) => /APPLICATION|<<<|COMMAND/.test(line));
    const { steps: all } = parse(read("azure-pipelines-steps.yml"));
    const template = script(all.map(({ bash = "" }) => bash).join("\n"));
    const own = script(action.runs.steps.find(({ name }) => name === "Upload or deploy")?.run ?? "");
    expect(template.length).toBe(4);
    expect(own.map((line) => line.replace(`\${options[@]+"\${options[@]}"}`, `"\${options[@]}"`))).toEqual(
      template,
    );
  });
});
