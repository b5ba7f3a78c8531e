import { expect, onTestFinished } from "vitest";
import { startOnTerminal as startProgram } from "../scripts/terminal.js";
import { cleanEnvironment, program } from "./cli-process.js";

export interface Terminal {
  readonly exited: Promise<number>;
  /** Everything that was drawn, escape sequences included. */
  output(): string;
  type(text: string): void;
  /** Waits until it was drawn. */
  shows(text: string | RegExp): Promise<void>;
}

/** Starts the command line on a pseudo-terminal of 80 columns, which ends with the running test at the latest. */
export function startOnTerminal(args: readonly string[], given: Record<string, string>): Terminal {
  const environment = { ...cleanEnvironment, ...given };
  const terminal = startProgram(program, args, { environment, columns: 80, rows: 24 });
  onTestFinished(() => terminal.kill());
  return {
    exited: terminal.exitCode,
    output: terminal.written,
    type: terminal.type,
    shows: (text) => expect.poll(terminal.written).toMatch(text),
  };
}
