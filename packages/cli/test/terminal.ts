import { fileURLToPath } from "node:url";
import { type IPty, spawn } from "@lydell/node-pty";
import { expect, onTestFinished, vi } from "vitest";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface Terminal {
  readonly exited: Promise<number>;
  /** Everything that was drawn, escape sequences included. */
  output(): string;
  type(text: string): void;
  /** Waits until it was drawn. */
  shows(text: string | RegExp): Promise<void>;
}

/** Starts the command line on a pseudo-terminal of 80 columns, which ends with the running test at the latest. */
export function startOnTerminal(args: readonly string[], environment: Record<string, string>): Terminal {
  const env = { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...environment };
  const terminal: IPty = spawn(process.execPath, [program, ...args], { cols: 80, rows: 24, env });
  let output = "";
  terminal.onData((data) => (output += data));
  let isRunning = true;
  const exited = new Promise<number>((resolve) =>
    terminal.onExit(({ exitCode }) => {
      isRunning = false;
      resolve(exitCode);
    }),
  );
  onTestFinished(() => {
    if (isRunning) terminal.kill("SIGKILL");
  });
  return {
    exited,
    output: () => output,
    type: (text) => terminal.write(text),
    shows: (text) => vi.waitFor(() => expect(output).toMatch(text), { timeout: 15_000 }),
  };
}
