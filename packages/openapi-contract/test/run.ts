import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { vi } from "vitest";

const root = resolve(import.meta.dirname, "../../..");

/** The command, from its sources. */
export const command: readonly string[] = [
  join(root, "node_modules/tsx/dist/cli.mjs"),
  ...["-C", "@sf-image-store/source"],
  join(root, "packages/openapi-contract/src/main.ts"),
];

export interface Result {
  readonly code: number;
  /** Everything that was written, to whichever stream. */
  readonly output: string;
}

/** What a command that runs in this process writes, and its exit code. */
export async function outputOf(command: () => Promise<number>): Promise<Result> {
  const lines: string[] = [];
  const spies = [vi.spyOn(console, "log"), vi.spyOn(console, "error")];
  for (const spy of spies) spy.mockImplementation((line) => void lines.push(`${line}\n`));
  try {
    return { code: await command(), output: lines.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a JavaScript program as its own process. */
export function execute(program: readonly string[], cwd: string, ...args: string[]): Promise<Result> {
  return new Promise((done) => {
    execFile(process.execPath, [...program, ...args], { cwd }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, output: stdout + stderr });
    });
  });
}
