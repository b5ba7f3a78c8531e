import { exitCode, stopBy, stopSignals } from "./errors/errors.js";
import { createEarlyOutput, reportFailure, run } from "./run.js";

/**
 * Runs the command line of this process. The first Ctrl+C stops it gracefully, the second one immediately.
 * @param earlySignals The signals that the process received before.
 */
export async function runProcess(earlySignals: readonly NodeJS.Signals[]): Promise<void> {
  const { env: environment, stdin, stdout, stderr } = process;
  const argv = process.argv.slice(2);
  let output = createEarlyOutput({ argv, environment, stdout, stderr });
  const interruption = new AbortController();
  for (const signal of stopSignals) {
    // Replaces the listener of the entry module.
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (interruption.signal.aborted) exitNow();
      stopBy(signal);
      interruption.abort();
    });
  }
  // A reader that exits early, such as `head`, must not end an upload. Any other write error loses the result.
  stderr.on("error", () => {});
  let isLost = false;
  stdout.on("error", (error) => {
    if (isLost || isClosedPipe(error)) return;
    isLost = true;
    process.exitCode = exitCode.failed;
    output.reportLostResult(error.message);
  });
  const exitNow = () => {
    // Start the shell prompt on a new line, whatever was drawn.
    if (stderr.isTTY) output.endLine();
    process.exit(exitCode.interrupted);
  };
  redirectWarnings(({ name, message, stack = message, ...more }) => {
    const code = "code" in more && typeof more.code === "string" ? { code: more.code } : {};
    output.warn(/^(Security)?Warning$/.test(name) ? message : `${name}: ${message}`, code);
    output.debug(stack);
  });
  // A bug. Node.js would print the error without escaping the external text it may contain.
  process.on("uncaughtException", (error) => {
    void reportFailure(output, error, { maybeChanged: true }).then(
      (code) => process.exit(code),
      () => {
        // The description itself failed. JSON escapes external text.
        stderr.write(`sf-image-store failed: ${JSON.stringify(String(error))}\n`);
        process.exit(exitCode.failed);
      },
    );
  });
  const { signal } = interruption;
  const onOutput = (current: typeof output) => {
    output = current;
  };
  for (const signal of earlySignals) process.emit(signal, signal);
  const code = await run({ argv, environment, stdin, stdout, stderr, signal, onOutput });
  if (code !== exitCode.done || !isLost) process.exitCode = code;
}

/** Passes warnings of Node.js to `report` instead of printing them. Respects `NODE_NO_WARNINGS`. */
function redirectWarnings(report: (warning: Error) => void): void {
  // Node.js removes its own listener if warnings are disabled.
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", report);
}

/** Windows reports EOF for a closed pipe. */
function isClosedPipe(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "EOF" || error.code === "ECONNRESET");
}
