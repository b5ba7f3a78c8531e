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
  // A reader that leaves, such as `head`, must not end an upload.
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  const leave = () => {
    // Whatever was drawn, the prompt begins a line of its own.
    if (stderr.isTTY) stderr.write("\n");
    process.exit(exitCode.interrupted);
  };
  const { signal } = interruption;
  process.exitCode = await run({ argv: argv.slice(2), environment: env, stdin, stdout, stderr, signal });
}
