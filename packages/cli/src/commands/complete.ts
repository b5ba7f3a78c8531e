import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Perform } from "../command-line/command.js";
import {
  connectionFlags,
  moveSharedOptions,
  profileFlag,
  sharedOptions,
} from "../command-line/global-options.js";
import { type Candidate, findCompletions } from "../completion/candidates.js";
import type { Cli } from "../connection/cli.js";
import { openStore } from "../connection/open-store.js";
import { oneLine } from "../output/escape.js";
import { listEntries } from "../store/tree.js";

/** The arguments are the command line to complete, which may contain any option. */
export const hasOwnOptions = true;

export function declare(command: Command, perform: Perform): void {
  command
    .argument("<count>", "number of words before the word to complete")
    .argument("[words...]", "those words, followed by the word to complete (default: an empty word)")
    .allowUnknownOption()
    .helpOption(false)
    .action((_, __, ___, self) => perform(self, (cli) => printCompletions(cli, self.parent ?? self)));
}

/** Prints one line per word, `word<tab>description`, and a last line that tells the shell how to use them. */
async function printCompletions(cli: Cli, program: CommandUnknownOpts): Promise<void> {
  const [, count = "", ...words] = cli.argv;
  const typed = words.slice(0, Number(count));
  const moved = moveSharedOptions(typed, (name) => hasSubcommands(program, name));
  // Without a command, the last word may be an option that waits for its value.
  const before = moved.length < typed.length ? typed : moved;
  const current = words[Number(count)] ?? "";
  const { candidates, completionMode } = await findCompletions(
    program,
    sharedOptions(),
    before,
    current,
    (command, typed) => completeStorePath(withConnectionOf(cli, command), typed),
  );
  cli.output.result(
    { candidates, completionMode },
    [...candidates.filter(isPrintable).map(line), `:${completionMode}`].join("\n"),
  );
}

function hasSubcommands({ commands }: CommandUnknownOpts, name: string): boolean {
  return commands.some((command) => command.name() === name && command.commands.length > 0);
}

function withConnectionOf(cli: Cli, command: CommandUnknownOpts): Cli {
  return { ...cli, flags: connectionFlags(command), profile: profileFlag(command) };
}

/** Whether the word can be printed: escaping must not change it, and it must not look like the last line. */
function isPrintable({ word }: Candidate): boolean {
  return word === oneLine(word) && !word.startsWith(":");
}

function line({ word, description = "" }: Candidate): string {
  return description === "" ? word : `${word}\t${description}`;
}

/** The user is waiting for the shell to respond. */
const timeoutMs = 2000;

/** The store paths that start with the typed text, one level deep. Empty if the cluster cannot be reached. */
export async function completeStorePath(cli: Cli, typed: string): Promise<readonly string[]> {
  // Not AbortSignal.timeout, which Node.js 20 may garbage-collect in a combined signal before it fires.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  const signal = AbortSignal.any([cli.signal, limit.signal]);
  const folder = typed.slice(0, Math.max(typed.lastIndexOf("/"), 0));
  try {
    // A status line would be drawn into the command line that is being typed.
    const output = { ...cli.output, status: () => {} };
    await using store = await openStore({ ...cli, output, signal });
    const entries = (await listEntries(store, folder, signal)) ?? [];
    return entries.map(({ kind, storePath }) => (kind === "folder" ? `${storePath}/` : storePath));
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
