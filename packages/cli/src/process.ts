import { exitCode } from "./errors/errors.js";
import { earlyOutput, run, tellFailure } from "./run.js";

/** Runs the command line of this process, and ends it: once by Ctrl+C in good order, twice at once. */
export async function runProcess(): Promise<void> {
  const { env: environment, stdin, stdout, stderr } = process;
  const argv = process.argv.slice(2);
  let output = earlyOutput({ argv, environment, stdout, stderr });
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
    output.resultLost(error.message);
  });
  const leave = () => {
    // Whatever was drawn, the prompt begins a line of its own.
    if (stderr.isTTY) output.endLine();
    process.exit(exitCode.interrupted);
  };
  takeWarnings(({ name, message, stack = message, ...more }) => {
    const code = "code" in more && typeof more.code === "string" ? { code: more.code } : {};
    output.warn(/^(Security)?Warning$/.test(name) ? message : `${name}: ${message}`, code);
    output.debug(stack);
  });
  // A bug. Node.js would print it as it is, with foreign text that it may hold.
  process.on("uncaughtException", (error) => {
    void tellFailure(output, error, { hasChanged: true }).then(
      (code) => process.exit(code),
      () => process.exit(exitCode.failed),
    );
  });
  const { signal } = interruption;
  const onOutput = (known: typeof output) => {
    output = known;
  };
  const code = await run({ argv, environment, stdin, stdout, stderr, signal, onOutput });
  if (code !== exitCode.done || !isLost) process.exitCode = code;
}

/** Has warnings of Node.js told by `tell`, not printed. Who has switched them off (`NODE_NO_WARNINGS`) still gets none. */
function takeWarnings(tell: (warning: Error) => void): void {
  // The listener that Node.js itself has.
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", tell);
}

/** On Windows, a pipe that is closed ends. */
function hasLeft(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "EOF" || error.code === "ECONNRESET");
}
