import { once } from "node:events";
import type { Emulator, EmulatorOptions } from "../emulator-options.js";
import { banner, exposureWarning, faultLine, jsonLine, logLine, startFailure } from "./messages.js";
import type { RunCommand } from "./options.js";
import { readSettings } from "./settings.js";

/** What the command has of the process it runs in. */
export interface CommandHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the emulator when it is aborted. */
  readonly signal: AbortSignal;
  /** A line for standard output, and one for standard error. */
  print(line: string): void;
  warn(line: string): void;
}

/** The emulator could not start. The message says what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * Runs an emulator until the signal is aborted.
 * @throws UsageError for a file of an option that cannot be used, StartError for a port or location that cannot.
 */
export async function runEmulator(command: RunCommand, host: CommandHost): Promise<void> {
  const settings = await readSettings(command, host.environment);
  const emulator = await start(command, settings, host.print);
  const warning = exposureWarning(command);
  if (warning !== undefined) host.warn(warning);
  const { endpoint, location } = emulator;
  host.print(command.json ? jsonLine("start", { endpoint, location }) : banner(emulator, command));
  if (!host.signal.aborted) await once(host.signal, "abort");
  await emulator.close();
}

async function start(
  command: RunCommand,
  settings: EmulatorOptions,
  print: (line: string) => void,
): Promise<Emulator> {
  const { quiet, json } = command;
  // Help and mistakes on the command line do not wait for the server's code.
  const { startEmulator } = await import("../emulator.js");
  try {
    return await startEmulator({
      ...settings,
      ...(quiet ? {} : { onRequest: (entry) => print(json ? jsonLine("request", entry) : logLine(entry)) }),
      onFault: (fired) => print(json ? jsonLine("fault", fired) : faultLine(fired)),
    });
  } catch (error) {
    throw new StartError(startFailure(error, command), { cause: error });
  }
}
