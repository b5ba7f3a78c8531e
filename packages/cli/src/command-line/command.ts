import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Work } from "../connection/cli.js";

/** Runs a command's action with the state it needs, and turns what it throws into an exit code. */
export type Perform = (command: CommandUnknownOpts, work: Work) => Promise<void>;

/** The exports of a command's module. */
export interface CommandModule {
  /** Whether the command never connects to a cluster, and so takes no connection options. @default false */
  readonly isOffline?: boolean;
  /** Whether the command takes only its own options and none of the shared ones. @default false */
  readonly hasOwnOptions?: boolean;
  /** Adds arguments, options, examples and the action to a command that already has a name and a summary. */
  declare(command: Command, perform: Perform): void;
}

/** The examples section of `--help`. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ sf-image-store ${line}`).join("\n")}\n`;
}
