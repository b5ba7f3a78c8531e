import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Work } from "../connection/cli.js";

/** Does a command's work: makes what it needs from its flags, and turns what it throws into an exit code. */
export type Perform = (command: CommandUnknownOpts, work: Work) => Promise<void>;

/** What the module of a command exports. */
export interface CommandModule {
  /** Whether it talks to no cluster, and so takes no connection options. @default false */
  readonly isOffline?: boolean;
  /** Whether it takes its own options only, and none of those that all commands take. @default false */
  readonly hasOwnOptions?: boolean;
  /** Adds arguments, options, examples and the action to a command that has its name and summary. */
  declare(command: Command, perform: Perform): void;
}

/** How `--help` shows what a command is for, by a line that can be copied. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ sf-image-store ${line}`).join("\n")}\n`;
}
