import type { ProcessResult } from "@sf-image-store/testing";
import { vi } from "vitest";

/** The command, from its sources. */
export const program = "packages/openapi-contract/src/main.ts";

export interface Result {
  readonly code: number;
  /** Everything that was written, to both streams. */
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

/** What a process wrote, to both streams, and its exit code. */
export async function joined(process: Promise<ProcessResult>): Promise<Result> {
  const { code, stdout, stderr } = await process;
  return { code, output: stdout + stderr };
}
