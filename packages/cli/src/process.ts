import { exitCode } from "./failure/exit-code.js";
import { run } from "./run.js";

/** Runs the command line of this process, and ends it: once by Ctrl+C in good order, twice at once. */
export async function runProcess(): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (interruption.signal.aborted) leave();
      interruption.abort();
    });
  }
  // A reader that leaves, such as `head`, must not end an upload. A result that is lost otherwise was wanted.
  stderr.on("error", () => {});
  let isLost = false;
  stdout.on("error", (error) => {
    if (isLost || hasLeft(error)) return;
    isLost = true;
    process.exitCode = exitCode.failed;
    stderr.write(`Error: the result cannot be written: ${error.message}\n`);
  });
  const leave = () => {
    // Whatever was drawn, the prompt begins a line of its own.
    if (stderr.isTTY) stderr.write("\n");
    process.exit(exitCode.interrupted);
  };
  const { signal } = interruption;
  const code = await run({ argv: argv.slice(2), environment: env, stdin, stdout, stderr, signal });
  if (code !== exitCode.done || !isLost) process.exitCode = code;
}

/** On Windows, a pipe that is closed ends. */
function hasLeft(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "EOF" || error.code === "ECONNRESET");
}
