import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createImageStoreClient } from "@sf-image-store/client";
import { startEmulator } from "@sf-image-store/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shells } from "../src/completion/scripts.js";
import { clusterForTest } from "./applications/cluster-for-test.js";
import { program, runCli } from "./cli-process.js";

const folder = mkdtempSync(join(tmpdir(), "sf-image-store-completion-"));
let endpoint = "";
let stop: () => Promise<void>;

beforeAll(async () => {
  // As an installed program: shells look it up by its name.
  writeFileSync(join(folder, "sf-image-store"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, {
    mode: 0o755,
  });
  symlinkSync(program, join(folder, "local.zip"));
  const emulator = await startEmulator();
  stop = () => emulator.close();
  endpoint = emulator.endpoint;
  const client = createImageStoreClient({ endpoint });
  for (const storePath of ["MyApp/Web/a.zip", "MyApp/b c.txt", "Other/x"]) {
    await client.putFile({ storePath, content: new Uint8Array(1) });
  }
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the program answers a shell, without meanings. */
async function answer(...words: string[]): Promise<string[]> {
  const { stdout } = await runCli("__complete", String(words.length - 1), ...words);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "");
}

describe("completion", () => {
  it.each(shells)("prints a script for %s", async (shell) => {
    const { code, stdout, stderr } = await runCli("completion", shell);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/sf-image-store completion/);
  });

  it("exits with 2 for an unknown shell", async () => {
    expect((await runCli("completion", "cmd")).code).toBe(2);
  });

  it("completes commands and subcommands", async () => {
    expect(await answer("st")).toEqual(["stat", ":closed"]);
    expect(await answer("session", "")).toEqual([
      "list",
      "show",
      "watch",
      "commit",
      "delete",
      "help",
      ":closed",
    ]);
    expect(await answer("")).not.toContain("__complete");
  });

  it("completes options, choices, and values of options", async () => {
    expect(await answer("prune", "--o")).toEqual(["--older-than", "--output", ":closed"]);
    expect(await answer("ls", "-o", "t")).toEqual(["table", "tsv", ":closed"]);
    expect(await answer("completion", "z")).toEqual(["zsh", ":closed"]);
    expect(await answer("ls", "--pem", "")).toEqual([":files"]);
    expect(await answer("ls", "--cluster-id", "")).toEqual([":closed"]);
    expect(await answer("emulator", "--plat")).toEqual(["--platform", ":closed"]);
    expect(await answer("emulator", "--platform", "")).toEqual(["windows", "linux", ":closed"]);
  });

  it("completes shared options before the command, and the command after them", async () => {
    expect(await answer("--end")).toEqual(["--endpoint", ":closed"]);
    expect(await answer("--pem", "")).toEqual([":files"]);
    expect(await answer("--pem", "a.pem", "sta")).toEqual(["stat", ":closed"]);
    expect(await answer("--endpoint", endpoint, "ls", "My")).toEqual(["MyApp/", ":open"]);
    expect(await answer("--json", "session", "l")).toEqual(["list", ":closed"]);
  });

  it("completes paths of the store that the command line specifies", async () => {
    expect(await answer("ls", "--endpoint", endpoint, "My")).toEqual(["MyApp/", ":open"]);
    expect(await answer("cp", "Other", `--endpoint=${endpoint}`, "MyApp/")).toEqual([
      "MyApp/b c.txt",
      "MyApp/Web/",
      ":closed",
    ]);
    expect(await answer("rm", "--endpoint", endpoint, "a", "b", "Ot")).toEqual(["Other/", ":open"]);
    expect(await answer("ls", "--endpoint", endpoint, "MyApp", "My")).toEqual([":closed"]);
  });

  it("completes types, versions and applications of the cluster", async () => {
    const cluster = await clusterForTest();
    for (const version of ["1.0.0", "1.1.0"]) await cluster.provision(version);
    await cluster.create("1.0.0");
    const on = ["--endpoint", cluster.emulator.endpoint];
    expect(await answer("type", "show", ...on, "Sh")).toEqual(["ShopType", ":closed"]);
    expect(await answer("type", "show", "ShopType", ...on, "")).toEqual(["1.0.0", "1.1.0", ":closed"]);
    expect(await answer("type", "unprovision", "ShopType", "1.0.0", ...on, "")).toEqual(["1.1.0", ":closed"]);
    expect(await answer("app", "show", ...on, "S")).toEqual(["Shop", ":closed"]);
    expect(await answer("app", "show", ...on, "fabric:/S")).toEqual(["fabric:/Shop", ":closed"]);
    expect(await answer("app", "upgrade", "Shop", ...on, "1.1")).toEqual(["1.1.0", ":closed"]);
    expect(await answer("app", "create", "New", "ShopType", ...on, "1")).toEqual([
      "1.0.0",
      "1.1.0",
      ":closed",
    ]);
    expect(await answer("app", "ls", ...on, "--type", "S")).toEqual(["ShopType", ":closed"]);
    expect(await answer("deploy", "--upgrade-mode", "")).toEqual([
      ...["monitored", "unmonitored-auto", "manual", ":closed"],
    ]);
    expect(await answer("deploy", "--parameters", "")).toEqual([":files"]);
  });

  it("is silent and fast if the cluster does not answer or the settings are invalid", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await new Promise((done) => silent.once("listening", done));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    for (const bad of [`http://127.0.0.1:${port}`, "http://127.0.0.1:1", "nonsense"]) {
      const { code, stdout, stderr } = await runCli("__complete", "3", "ls", "--endpoint", bad, "My");
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: ":closed\n", stderr: "" });
    }
    silent.close();
  });

  it("treats a last word that the shell dropped as empty", async () => {
    const { stdout } = await runCli("__complete", "1", "session");
    expect(stdout).toMatch(/^list\t/);
  });
});

const run = promisify(execFile);
function hasShell(shell: string): boolean {
  const isThere = spawnSync(shell, ["-c", "exit 0"]).status === 0;
  if (!isThere) console.warn(`Skipped: completion in ${shell}, which this machine does not have.`);
  return isThere;
}

describe("the script for bash", () => {
  /** Completes a line as Bash would call the function, with words parted at `=` and `:` as Bash does. */
  async function complete(line: string): Promise<string[]> {
    const words = line
      .replace(/^sf-image-store/, "x")
      .split(/ +|([=:]+)/)
      .filter((word) => word !== undefined);
    const rest = words.slice(1).filter((word, index, all) => word !== "" || index === all.length - 1);
    const script = `
      source <(sf-image-store completion bash)
      compopt() { :; }
      COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDS=("\${@:2}") COMP_CWORD=$(($# - 2))
      _sf_image_store
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const environment = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, HOME: folder };
    const args = ["-c", script, "bash", line, "sf-image-store", ...rest];
    const { stdout } = await run("bash", args, { env: environment, cwd: folder });
    return stdout.split("\n").filter((word) => word !== "");
  }

  it.skipIf(!hasShell("bash"))("completes commands, options, store paths and files", async () => {
    expect(await complete("sf-image-store se")).toEqual(["session"]);
    expect(await complete("sf-image-store session w")).toEqual(["watch"]);
    expect(await complete("sf-image-store rm --y")).toEqual(["--yes"]);
    expect(await complete(`sf-image-store ls --endpoint ${endpoint} MyApp/`)).toEqual([
      "MyApp/b\\ c.txt",
      "MyApp/Web/",
    ]);
    expect(await complete(`sf-image-store ls --endpoint=${endpoint} MyApp/W`)).toEqual(["MyApp/Web/"]);
    expect(await complete("sf-image-store ls --pem lo")).toEqual(["local.zip"]);
  });

  it.skipIf(!hasShell("bash"))("evaluates nothing of the line", async () => {
    expect(await complete("sf-image-store ls $(touch made) `touch made` x")).toEqual([]);
    expect(existsSync(join(folder, "made"))).toBe(false);
  });
});

describe("the script for fish", () => {
  it.skipIf(!hasShell("fish"))("completes commands and store paths", async () => {
    const script = `sf-image-store completion fish | source; complete -C "sf-image-store session w"; complete -C "sf-image-store ls --endpoint ${endpoint} MyApp/W"`;
    const environment = { ...process.env, PATH: `${folder}:${process.env["PATH"]}`, HOME: folder };
    const { stdout } = await run("fish", ["--no-config", "-c", script], { env: environment });
    expect(stdout).toBe("watch\tfollow an upload until all its bytes have arrived\nMyApp/Web/\n");
  });
});
