import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";

/** How to start a program on a terminal. */
export interface TerminalOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** A program on its own pseudo-terminal. */
export interface Terminal {
  /** The raw output, with escape sequences. */
  written(): string;
  /**
   * The screen as text, including the scrollback.
   * @param unwrap Joins the lines that the terminal wrapped.
   */
  screen(unwrap?: boolean): Promise<string>;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen matches. Rejects if the program exits first. */
  until(pattern: RegExp): Promise<void>;
  readonly exitCode: Promise<number>;
  kill(): void;
}

export const ctrlC = "\x03";

/** Starts a Node program on a pseudo-terminal. */
export function startOnTerminal(
  program: string,
  args: readonly string[],
  { environment, cwd, columns = 100, rows = 30 }: TerminalOptions,
): Terminal {
  const size = { cols: columns, rows };
  const env = { TERM: "xterm-256color", ...environment };
  const pty = spawn(process.execPath, [program, ...args], {
    ...size,
    env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  const view = new xterm.Terminal({ ...size, scrollback: 10_000, allowProposedApi: true });
  let written = "";
  pty.onData((text) => {
    written += text;
    view.write(text);
  });
  let hasExited = false;
  const exitCode = new Promise<number>((done) => {
    pty.onExit((exit) => {
      hasExited = true;
      done(exit.exitCode);
    });
  });
  const screen = async (unwrap = false) => {
    await new Promise<void>((done) => view.write("", done));
    const { active } = view.buffer;
    const lines = Array.from({ length: active.length }, (_, row) => {
      const line = active.getLine(row);
      const isWrapped = unwrap && line?.isWrapped === true;
      return `${isWrapped || row === 0 ? "" : "\n"}${line?.translateToString(true) ?? ""}`;
    });
    return lines.join("").trimEnd();
  };
  return {
    written: () => written,
    screen,
    type: (keys) => pty.write(keys),
    resize(newColumns, newRows) {
      pty.resize(newColumns, newRows);
      view.resize(newColumns, newRows);
    },
    async until(pattern) {
      while (!pattern.test(await screen())) {
        if (hasExited)
          throw new Error(`The program exited before the screen matched ${pattern}:\n${await screen()}`);
        await new Promise((again) => setTimeout(again, 20));
      }
    },
    exitCode,
    kill: () => pty.kill("SIGKILL"),
  };
}
