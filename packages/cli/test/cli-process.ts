import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, onTestFinished } from "vitest";

/** The program as it is published. `pnpm check` builds it before the tests; alone, run `pnpm build` first. */
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

const home = mkdtempSync(join(tmpdir(), "sf-image-store-cli-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** No profile of the person who runs the tests, no proxy, no CI service: only what a test gives. */
export const cleanEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  HOME: home,
  XDG_CONFIG_HOME: home,
  APPDATA: home,
};

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  stdout(): string;
  stderr(): string;
}

/** Starts the command line in a process of its own, which ends with the running test at the latest. */
export function startCli(
  args: readonly string[],
  { environment = {}, cwd }: { environment?: Record<string, string>; cwd?: string } = {},
): CliProcess {
  const env = { ...cleanEnvironment, ...environment };
  const child = spawn(process.execPath, [program, ...args], { env, cwd });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (stdout += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (stderr += piece));
  const result = once(child, "close").then(([code]) => ({ code, stdout, stderr }));
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, result, stdout: () => stdout, stderr: () => stderr };
}

export function runCli(...args: string[]): Promise<CliResult> {
  return startCli(args).result;
}
