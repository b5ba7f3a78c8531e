import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";

const packageFolder = fileURLToPath(new URL("..", import.meta.url));

export interface Command {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output(): string;
  errors(): string;
}

/** The emulator's command in a process of its own, which ends with the running test at the latest. */
export function runCommand(...args: string[]): Command {
  const nodeArgs = ["--import", "tsx", "-C", "@sf-image-store/source", "src/main.ts", ...args];
  const child = spawn(process.execPath, nodeArgs, { cwd: packageFolder });
  let output = "";
  let errors = "";
  child.stdout.on("data", (piece) => (output += piece));
  child.stderr.on("data", (piece) => (errors += piece));
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    // Asked first, so that it takes its temporary folder with it.
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(force);
  });
  return { child, exited, output: () => output, errors: () => errors };
}

/** Waits for the banner and reads it. */
export async function banner(command: Command): Promise<{ endpoint: string; location: string }> {
  await expect.poll(command.output).toContain("Stop with");
  const find = (label: string) => new RegExp(`${label} +(\\S+)`).exec(command.output())?.[1] ?? "";
  return { endpoint: find("endpoint"), location: find("location") };
}
