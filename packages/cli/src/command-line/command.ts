import { type Command, type CommandUnknownOpts, Help } from "@commander-js/extra-typings";
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

/** The number of columns of the help: those of the terminal, or 80 without one. */
export function helpWidth(columns: number | undefined): number {
  return Math.max(columns ?? 80, 40);
}

/** Descriptions get at least so many columns, if they can stand beside their terms. */
const descriptionWidth = 40;
const minTermWidth = 16;
/** The indentation of all descriptions below their terms, without the margin. */
const belowWidth = 2;

/** Settings for commander: descriptions also wrap on narrow terminals, and a term that is too long gets its own line. */
export const helpLayout = {
  subcommandTerm: (command: CommandUnknownOpts) => command.name(),
  padWidth(command: CommandUnknownOpts, help: Help): number {
    const natural = Help.prototype.padWidth.call(help, command, help);
    const room = (help.helpWidth ?? 80) - descriptionWidth - 4;
    return natural <= room || room >= minTermWidth ? Math.min(natural, room) : belowWidth;
  },
  formatItem(term: string, termWidth: number, description: string, help: Help): string {
    const width = help.helpWidth ?? 80;
    const margin = termWidth + 4;
    const terms = wrapped(term, width - 2).map((line) => `  ${line}`);
    const lines = description === "" ? [] : wrapped(description, width - margin);
    const [last = "", ...others] = terms.reverse();
    const beside =
      termWidth > belowWidth && term.length <= termWidth
        ? [last.padEnd(margin) + (lines.shift() ?? "")]
        : [last];
    return [...others.reverse(), ...beside, ...lines.map((line) => " ".repeat(margin) + line)]
      .map((line) => line.trimEnd())
      .join("\n");
  },
};

/** Joins the lines of each paragraph and wraps it. Indented lines are examples and descriptions, which stay the same. */
export function wrapHelp(text: string, width: number): string {
  return text
    .replaceAll(/^(\S.*)\n(?=\S)/gm, "$1 ")
    .split("\n")
    .flatMap((line) => (line.startsWith(" ") ? [line] : wrapped(line, width)))
    .join("\n");
}

function wrapped(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
