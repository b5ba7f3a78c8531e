import { spawn } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { scratchFolder, typeScriptProgram, writeTree } from "@sf-image-store/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { type CodeBlock, readCodeBlocks } from "../src/code-blocks/code-blocks.js";

const file = "docs/guides/deploying.md";
const guide = readFileSync(resolve(import.meta.dirname, "../../..", file), "utf8");
const section = guide.split(/^## /m).find((text) => text.startsWith("Try it with the emulator")) ?? "";
const [first, ...blocks] = readCodeBlocks(file, section);

/** The exit codes of the scripts, in order. */
const exitCodes = [0, 0, 1, 0];

/** The package of the first guide, as readers save it. */
const firstGuide = readFileSync(
  resolve(import.meta.dirname, "../../../docs/guides/try-without-a-cluster.md"),
  "utf8",
);
const files = {
  ...Object.fromEntries(
    [...firstGuide.matchAll(/^Save this as `([^`]+)`:\n\n```xml\n([\s\S]*?)^```$/gm)].map(
      ([, path = "", content = ""]) => [path, content],
    ),
  ),
  "MyApp/WebPkg/Code/web.exe": "MZ",
};

/** Output without sizes, times, and the progress of upgrades, which shows only some domains if they are fast. */
function shapeOf(text: string): readonly string[] {
  return text
    .replaceAll(/\d+(\.\d+)? (s|bytes|B|KiB)\b/g, "N")
    .replaceAll(/\d+ of N/g, "N of N")
    .replaceAll(/ +/g, " ")
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("Upgrading "));
}

/** Runs a script with `sf-image-store` on the PATH. Resolves at its end, or when `until` is in its output. */
async function runScript(script: string, cwd: string, endpoint: string, until?: RegExp) {
  const path = `${join(cwd, "bin")}:${process.env["PATH"]}`;
  const env = { PATH: path, HOME: cwd, SF_ENDPOINT: endpoint };
  const child = spawn("bash", ["-c", script], { cwd, env });
  onTestFinished(() => void child.kill());
  let output = "";
  return new Promise<{ code: number | null; output: string }>((done) => {
    const collect = (chunk: Buffer) => {
      output += chunk;
      if (until?.test(output)) done({ code: null, output });
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("close", (code) => done({ code, output }));
  });
}

// The guide uses sed of Linux.
describe.runIf(process.platform === "linux")("the guide to deployments", () => {
  it("has commands that run, and their output", { timeout: 120_000 }, async () => {
    const program = [process.execPath, ...typeScriptProgram("packages/cli/src/main.ts")];
    const shim = `#!/bin/bash\nexec ${program.map((word) => `'${word}'`).join(" ")} "$@"\n`;
    const folder = writeTree(scratchFolder(), { ...files, "bin/sf-image-store": shim });
    chmodSync(join(folder, "bin/sf-image-store"), 0o755);

    // Only the port and the speed differ from the guide.
    const emulator = `exec ${first?.code.replace("--upgrade-speed 60", "--upgrade-speed 600 --port 0")}`;
    const { output } = await runScript(emulator, folder, "", /Stop with Ctrl/);
    const [, endpoint = ""] = /endpoint +(\S+)/.exec(output) ?? [];

    const scripts = blocks.filter(({ language }) => language === "sh");
    expect(scripts.length).toBe(exitCodes.length);
    for (const [index, script] of scripts.entries()) {
      const { code, output: printed } = await runScript(script.code, folder, endpoint);
      expect({ script: script.code, code, printed }).toMatchObject({ code: exitCodes[index] });
      expect(shapeOf(printed)).toEqual(expect.arrayContaining([...shapeOf(outputOf(script))]));
    }
  });
});

/** The block after the script. */
function outputOf(script: CodeBlock): string {
  const next = blocks[blocks.indexOf(script) + 1];
  expect(next?.language).toBe("text");
  return next?.code ?? "";
}
