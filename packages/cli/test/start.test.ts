import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import { commands } from "../src/commands/index.js";
import { startCliProcess } from "./cli-process.js";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** The modules of this project and of others that a run loads, by V8's own account. */
function loadedModules(...args: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "sf-image-store-coverage-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync(process.execPath, [main, ...args], { env: { ...process.env, NODE_V8_COVERAGE: folder } });
  return readdirSync(folder).flatMap((name) => {
    const { result }: { result: readonly { url: string }[] } = JSON.parse(
      readFileSync(join(folder, name), "utf8"),
    );
    return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
  });
}

/** Loads a file of the bundle in a new thread, which has no modules yet. */
async function loadAlone(name: string): Promise<unknown> {
  const url = JSON.stringify(pathToFileURL(join(dirname(main), name)));
  const code = `const { parentPort } = require("node:worker_threads");
    import(${url}).then(() => "loaded", (error) => error.stack).then((result) => parentPort.postMessage(result));`;
  const worker = new Worker(code, { eval: true, execArgv: [] });
  try {
    const [result] = await once(worker, "message");
    return result;
  } finally {
    await worker.terminate();
  }
}

describe("starting the program", () => {
  // A cycle between the files of the bundle would fail only when a command loads them in the wrong order.
  it("can load every file of the bundle first", async () => {
    const names = readdirSync(dirname(main)).filter((name) => name.endsWith(".js") && name !== "main.js");
    const results = await Promise.all(names.map(async (name) => `${name}: ${await loadAlone(name)}`));
    expect(names).toContain("pack.js");
    expect(results).toEqual(names.map((name) => `${name}: loaded`));
  });

  it("loads only the entry module for --version", () => {
    const names = loadedModules("--version").map((url) => url.split("/").at(-1));
    expect(names.toSorted()).toEqual(["main.js"]);
  });

  it("loads no other command, no client and no table for the help of a command", () => {
    const urls = loadedModules("emulator", "--help");
    const names = urls.map((url) => url.split("/").at(-1));
    const others = Object.keys(commands).filter((name) => name !== "emulator");
    expect(names).toContain("emulator.js");
    expect(others.filter((name) => names.includes(`${name}.js`))).toEqual([]);
    expect(urls.filter((url) => /cli-table3|cli-progress|openapi-fetch/.test(url))).toEqual([]);
  });

  const connecting = Object.keys(commands).filter(
    (name) => !["emulator", "completion", "__complete"].includes(name),
  );
  it.each(connecting)("does not load the client for the help of %s", (name) => {
    const loaded = loadedModules(name, "--help").map((url) => url.split("/").at(-1));
    expect(loaded).toContain(`${name}.js`);
    expect(loaded.filter((module) => /^(open-client2?|client)\.js$/.test(module ?? ""))).toEqual([]);
  });
});

describe("Ctrl+C before the program is loaded", () => {
  /** Interrupts the process in the first call of the entry module, before it loads anything. */
  const interruptAtOnce = (args: readonly string[]) => {
    const folder = mkdtempSync(join(tmpdir(), "sf-image-store-preload-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const preload = join(folder, "preload.cjs");
    writeFileSync(
      preload,
      'require("node:module").enableCompileCache = () => process.kill(process.pid, "SIGINT");',
    );
    return startCliProcess(args, { NODE_OPTIONS: `--require ${JSON.stringify(preload)}` }, folder).result;
  };

  it.skipIf(process.platform === "win32").each(["upload", "deploy"])(
    "stops %s, and says how to resume",
    async (command) => {
      expect(await interruptAtOnce([command, "My App", "--profile", "prod"])).toEqual({
        code: 130,
        stdout: "",
        stderr: `Error: Stopped. Nothing was sent.\nTo resume, run:\n  sf-image-store ${command} 'My App' --profile prod\n`,
      });
      const { code, stdout } = await interruptAtOnce([command, "MyApp", "--json"]);
      expect(code).toBe(130);
      const { error } = JSON.parse(stdout);
      expect(error.details).toEqual({
        resume: {
          command: `sf-image-store ${command} MyApp --json`,
          arguments: [command, "MyApp", "--json"],
        },
      });
    },
  );

  it.skipIf(process.platform === "win32")("stops a command that has nothing to resume", async () => {
    expect(await interruptAtOnce(["ls"])).toEqual({ code: 130, stdout: "", stderr: "Error: Stopped.\n" });
  });
});
