import { parseArgs } from "node:util";

/** What the command line asks for. */
export type CommandLine =
  | { readonly action: "help" }
  | { readonly action: "version" }
  | {
      readonly action: "run";
      readonly port: number;
      readonly host: string;
      readonly location?: string;
      readonly quiet: boolean;
    };

/** The command line cannot be understood. The message says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The port of a cluster's HTTP gateway. */
const defaultPort = "19080";

export const usage = `Usage: sf-image-store-emulator [options]

Runs a Service Fabric image store on this machine, for development and tests.

Options:
  --port <number>    TCP port, 0 for any free one (default: ${defaultPort})
  --host <address>   address to listen on (default: 127.0.0.1)
  --location <dir>   folder for the files, kept at exit (default: a temporary one, removed at exit)
  --quiet            no line per request
  --help             this text
  --version          the version
`;

export function parseCommandLine(args: readonly string[]): CommandLine {
  const options = parseOptions(args);
  if (options.help === true) return { action: "help" };
  if (options.version === true) return { action: "version" };
  const { host = "127.0.0.1", location, quiet = false } = options;
  if (host === "") throw new UsageError("--host needs an address, for example 127.0.0.1.");
  if (location === "") throw new UsageError("--location needs a folder.");
  const port = parsePort(options.port ?? defaultPort);
  return { action: "run", port, host, quiet, ...(location === undefined ? {} : { location }) };
}

function parseOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        host: { type: "string" },
        location: { type: "string" },
        quiet: { type: "boolean" },
        help: { type: "boolean" },
        version: { type: "boolean" },
      },
    });
    return values;
  } catch (error) {
    // Some of Node's messages end with a full stop, some do not.
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.replace(/\.?$/, "."));
  }
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new UsageError(`--port must be a number from 0 to 65535, not "${text}".`);
}
