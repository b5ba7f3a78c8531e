import type { Environment } from "./connection/environment.js";
import type { GivenSettings } from "./connection/settings.js";
import type { ExitCode } from "./failure/exit-code.js";
import type { Output } from "./output/output.js";

/** A stream that may be a terminal. */
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean; unref?(): unknown };

/** What a command has of the process it runs in. */
export interface Cli {
  readonly output: Output;
  readonly environment: Environment;
  /** Settings that stand on the command line, and the profile to start from. */
  readonly flags: GivenSettings;
  readonly profile: string | undefined;
  /** The whole command line, for telling how to go on. */
  readonly argv: readonly string[];
  readonly stdin: InputStream;
  /** Aborted by the first Ctrl+C. */
  readonly signal: AbortSignal;
  /** How the process ends although the command has told its result: something it looked at is wrong. */
  endWith(code: ExitCode): void;
  /** To be called before anything is sent that may change the store: from then on, no failure ends with exit code 2. */
  noteChange(): void;
}

/** What a command does. It throws when that fails. */
export type Work = (cli: Cli) => Promise<void>;
