import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { optionTable } from "../option-table.js";
import type { Emulator, EmulatorOptions, RequestLogEntry } from "../options.js";
import type { RunCommand } from "./command-line.js";
import { banner, exposureWarning, faultLine, logLine, logObject, startFailure } from "./messages.js";
import { readSettings } from "./settings.js";

export { type OptionRow, optionRows } from "../option-table.js";
export {
  type CommandLine,
  flagUsage,
  parseCommandLine,
  type RunCommand,
  UsageError,
} from "./command-line.js";

/** What the command needs from its process. */
export interface CommandHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Stops the emulator when aborted. */
  readonly signal: AbortSignal;
  /**
   * Prints text to standard output, or an object as one line of JSON. The text can contain data from callers, so the
   * implementation must escape control characters for terminals, and commands for CI services. The same applies to `warn`.
   */
  print(part: string | object): void;
  warn(line: string): void;
}

/** The emulator could not start. The message says how to fix it. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * Runs an emulator until the signal is aborted.
 * @throws UsageError if a file that an option names is not valid; StartError if the port or the location cannot be used.
 */
export async function runEmulator(command: RunCommand, host: CommandHost): Promise<void> {
  const settings = await readSettings(command, host.environment);
  const emulator = await start(command, settings, host.print);
  const warning = exposureWarning(command);
  if (warning !== undefined) host.warn(warning);
  const { endpoint, location } = emulator;
  host.print(command.json ? logObject("start", { endpoint, location }) : banner(emulator, command));
  if (!host.signal.aborted) await once(host.signal, "abort");
  await emulator.close();
}

/** The version of this package. */
export async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion ? String(manifest.version) : "unknown";
}

async function start(
  command: RunCommand,
  settings: EmulatorOptions,
  print: CommandHost["print"],
): Promise<Emulator> {
  const { json } = command;
  const quiet = command.get(optionTable.quiet) === true;
  // Load the server's code only now, so that help and usage errors appear fast.
  const [{ startEmulator }, { isExplorerRequest }] = await Promise.all([
    import("../server/emulator.js"),
    import("../explorer/pages.js"),
  ]);
  const onRequest = (entry: RequestLogEntry) => {
    // Opening the page would print a dozen lines. A rejected request is worth one.
    if (isExplorerRequest(entry) && (entry.status ?? 0) < 400) return;
    print(json ? logObject("request", entry) : logLine(entry));
  };
  try {
    return await startEmulator({
      ...settings,
      ...(quiet ? {} : { onRequest }),
      onFault: (fired) => print(json ? logObject("fault", fired) : faultLine(fired)),
    });
  } catch (error) {
    throw new StartError(startFailure(error, command), { cause: error });
  }
}
