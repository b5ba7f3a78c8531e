#!/usr/bin/env node
import { usage } from "./command/command-line.js";
import { parseCommandLine, readVersion, runEmulator, StartError, UsageError } from "./command/index.js";
import { printableJson, printableText } from "./command/messages.js";

/** Whether standard output is still open. */
let isStdoutOpen = true;

const exitCode = { success: 0, failure: 1, usage: 2 } as const;

// If the reader of the output exits, such as `head`, keep running for the clients.
process.stdout.on("error", () => {
  isStdoutOpen = false;
});
process.stderr.on("error", () => {});
try {
  await main();
} catch (error) {
  if (error instanceof UsageError) fail(`${error.message} See --help.`, exitCode.usage);
  if (error instanceof StartError) fail(error.message, exitCode.failure);
  throw error;
}

async function main(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (commandLine.action === "help") {
    process.stdout.write(usage(process.stdout.columns));
  } else if (commandLine.action === "version") {
    process.stdout.write(`${await readVersion()}\n`);
  } else {
    const { env: environment } = process;
    await runEmulator(commandLine, { environment, signal: stopSignal(), print, warn });
    process.exit(exitCode.success);
  }
}

/** Aborted by the first signal. A second signal kills the process, in case closing hangs. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stopping.abort());
  return stopping.signal;
}

function print(part: string | object): void {
  const line = typeof part === "string" ? printableText(part) : printableJson(part);
  if (isStdoutOpen) process.stdout.write(`${line}\n`);
}

function warn(line: string): void {
  process.stderr.write(`${printableText(line)}\n`);
}

function fail(message: string, code: number): never {
  warn(message);
  process.exit(code);
}
