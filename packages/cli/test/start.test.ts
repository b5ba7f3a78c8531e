import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { commands } from "../src/commands/index.js";

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

describe("starting the program", () => {
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
