import { spawn } from "@lydell/node-pty";
import xterm from "@xterm/headless";

/** How to start a program on a terminal. */
export interface TerminalOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** A program on a terminal of its own, as a person sits before it. */
export interface Terminal {
  /** What was written to it, with escape sequences. */
  written(): string;
  /** What a person sees, with what has scrolled away. */
  screen(): Promise<string>;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until a person sees something. Rejects when the program ends before. */
  until(seen: RegExp): Promise<void>;
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
  const screen = async () => {
    await new Promise<void>((done) => view.write("", done));
    const { active } = view.buffer;
    const lines = Array.from({ length: active.length }, (_, row) =>
      active.getLine(row)?.translateToString(true),
    );
    return lines.join("\n").trimEnd();
  };
  return {
    written: () => written,
    screen,
    type: (keys) => pty.write(keys),
    resize(newColumns, newRows) {
      pty.resize(newColumns, newRows);
      view.resize(newColumns, newRows);
    },
    async until(seen) {
      while (!seen.test(await screen())) {
        if (hasExited) throw new Error(`It ended before ${seen} was to be seen:\n${await screen()}`);
        await new Promise((again) => setTimeout(again, 20));
      }
    },
    exitCode,
    kill: () => pty.kill("SIGKILL"),
  };
}
