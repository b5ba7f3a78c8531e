#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { banner, exposureWarning, faultLine, jsonLine, logLine, startFailure } from "./command/messages.js";
import { type CommandLine, parseCommandLine, type RunCommand, UsageError } from "./command/options.js";
import { readSettings } from "./command/settings.js";
import { usage } from "./command/usage.js";
import { type Emulator, type EmulatorOptions, startEmulator } from "./index.js";

/** Whether somebody still reads what is printed. */
let isHeard = true;

const exitCode = { success: 0, failure: 1, usage: 2 } as const;

// A reader that leaves, such as `head`, must not bring the emulator down: its clients may go on.
process.stdout.on("error", () => {
  isHeard = false;
});
process.stderr.on("error", () => {});
await main();

async function main(): Promise<void> {
  const commandLine = await orUsageFailure((): CommandLine => parseCommandLine(process.argv.slice(2)));
  if (commandLine.action === "help") {
    process.stdout.write(usage);
  } else if (commandLine.action === "version") {
    process.stdout.write(`${await readVersion()}\n`);
  } else {
    await run(commandLine);
  }
}

async function run(command: RunCommand): Promise<void> {
  const settings = await orUsageFailure(() => readSettings(command, process.env));
  const emulator = await start(command, settings);
  const warning = exposureWarning(command);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  // Once only: a second signal ends the process at once, should closing hang.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => stop(emulator));
  const { endpoint, location } = emulator;
  print(command.json ? jsonLine("start", { endpoint, location }) : banner(emulator, command));
}

async function start(command: RunCommand, settings: EmulatorOptions): Promise<Emulator> {
  const { quiet, json } = command;
  try {
    return await startEmulator({
      ...settings,
      ...(quiet ? {} : { onRequest: (entry) => print(json ? jsonLine("request", entry) : logLine(entry)) }),
      onFault: (fired) => print(json ? jsonLine("fault", fired) : faultLine(fired)),
    });
  } catch (error) {
    return fail(startFailure(error, command), exitCode.failure);
  }
}

async function stop(emulator: Emulator): Promise<void> {
  await emulator.close();
  process.exit(exitCode.success);
}

async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}

async function orUsageFailure<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return fail(`${error.message} See --help.`, exitCode.usage);
  }
}

function print(line: string): void {
  if (isHeard) process.stdout.write(`${line}\n`);
}

function fail(message: string, code: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
