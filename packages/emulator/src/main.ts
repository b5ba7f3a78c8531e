#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { banner, exposureWarning, logLine, startFailure } from "./command/messages.js";
import { type CommandLine, parseCommandLine, UsageError, usage } from "./command/options.js";
import { type Emulator, startEmulator } from "./index.js";

type RunOptions = Extract<CommandLine, { action: "run" }>;

const exitCode = { success: 0, failure: 1, usage: 2 } as const;

await main();

async function main(): Promise<void> {
  const commandLine = readCommandLine();
  if (commandLine.action === "help") {
    process.stdout.write(usage);
  } else if (commandLine.action === "version") {
    process.stdout.write(`${await readVersion()}\n`);
  } else {
    await run(commandLine);
  }
}

function readCommandLine(): CommandLine {
  try {
    return parseCommandLine(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return fail(`${error.message} See --help.`, exitCode.usage);
  }
}

async function run(options: RunOptions): Promise<void> {
  const emulator = await start(options);
  const warning = exposureWarning(options.host);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  // Once only: a second signal ends the process at once, should closing hang.
  process.once("SIGINT", () => stop(emulator));
  process.once("SIGTERM", () => stop(emulator));
  process.stdout.write(`${banner(emulator.endpoint, emulator.location, options.location === undefined)}\n`);
}

async function start(options: RunOptions): Promise<Emulator> {
  const { port, host, location, quiet } = options;
  try {
    return await startEmulator({
      port,
      host,
      ...(location === undefined ? {} : { location }),
      ...(quiet ? {} : { onRequest: (entry) => process.stdout.write(`${logLine(entry)}\n`) }),
    });
  } catch (error) {
    return fail(startFailure(error, options), exitCode.failure);
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

function fail(message: string, code: number): never {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}
