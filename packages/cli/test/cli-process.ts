import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough, type Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { sharedFolder } from "@sf-image-store/testing";
import { afterAll, beforeAll, onTestFinished, vi } from "vitest";
import { run } from "../src/run.js";

/** The program as it is published. `pnpm check` builds it before the tests; alone, run `pnpm build` first. */
export const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

const home = sharedFolder();

/** No profile of the person who runs the tests, no proxy, no CI service: only what a test gives. */
export const cleanEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  HOME: home,
  XDG_CONFIG_HOME: home,
  APPDATA: home,
};
// Waits before retries are random below a bound: in this process, they have no length.
vi.spyOn(Math, "random").mockReturnValue(0);
// The client reads the proxy from the variables of its process.
for (const name of Object.keys(process.env)) if (/_proxy$/i.test(name)) delete process.env[name];

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that runs. */
export interface RunningCli {
  readonly result: Promise<CliResult>;
  stdout(): string;
  stderr(): string;
}

export interface CliProcess extends RunningCli {
  readonly child: ChildProcess;
}

export type Variables = Readonly<Record<string, string>>;

/**
 * Runs the command line in this process, which takes a fortieth of the time of a process of its own. It is interrupted
 * when the running test ends. The working directory is that of this process: see `workIn`.
 */
export function startCli(
  argv: readonly string[],
  environment: Variables = {},
  stdin: Readable = new PassThrough(),
): RunningCli {
  const interruption = new AbortController();
  const [stdout, stderr] = [textStream(), textStream()];
  const running = run({
    argv,
    environment: { ...cleanEnvironment, ...environment },
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: interruption.signal,
  });
  onTestFinished(async () => {
    interruption.abort();
    await running.catch(() => {});
  });
  const result = running.then((code) => ({ code, stdout: stdout.text(), stderr: stderr.text() }));
  return { result, stdout: stdout.text, stderr: stderr.text };
}

export function runCli(...args: string[]): Promise<CliResult> {
  return startCli(args).result;
}

/**
 * Starts the command line in a process of its own, which ends with the running test at the latest: for signals, pipes,
 * terminals, and variables that Node.js itself reads.
 */
export function startCliProcess(
  args: readonly string[],
  environment: Variables = {},
  cwd?: string,
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

/** Makes a folder the working directory while the tests of the file run. */
export function workIn(folder: string): void {
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(before));
}

function textStream() {
  let written = "";
  const stream = new Writable({
    decodeStrings: false,
    write(piece, _, done) {
      written += piece;
      done();
    },
  });
  return { stream, text: () => written };
}
