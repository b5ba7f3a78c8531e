import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The root of the project. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

const execute = promisify(execFile);

/**
 * Runs a program of the project with Node, as its own process: TypeScript by tsx, JavaScript as it is. Returns what it
 * wrote to stdout; rejects, with its errors, when it fails.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const loader = file.endsWith(".ts") ? ["--import", "tsx"] : [];
  const { stdout } = await execute(process.execPath, [...loader, file, ...args], { cwd: root, signal });
  return stdout;
}

/** How long that takes, in seconds. */
export async function secondsOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
