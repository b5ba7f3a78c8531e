import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Perform } from "../command-line/command.js";
import { connectionFlags, profileFlag } from "../command-line/global-options.js";
import { type Candidate, findCandidates } from "../completion/candidates.js";
import type { Cli } from "../connection/cli.js";
import { openStore } from "../connection/open-store.js";
import { oneLine } from "../output/escape.js";
import { listEntries } from "../store/tree.js";

/** What follows is somebody else's command line. */
export const hasOwnOptions = true;

export function declare(command: Command, perform: Perform): void {
  command
    .argument("<count>", "number of words before the word to complete")
    .argument("[words...]", "those words, followed by the word to complete (default: an empty word)")
    .allowUnknownOption()
    .helpOption(false)
    .action((_, __, ___, self) => perform(self, (cli) => answer(cli, self.parent ?? self)));
}

/** One line per word, `word<tab>meaning`, and a last one that tells the shell what to do with them. */
async function answer(cli: Cli, program: CommandUnknownOpts): Promise<void> {
  const [, count = "", ...words] = cli.argv;
  const before = words.slice(0, Number(count));
  const current = words[Number(count)] ?? "";
  const { candidates, how } = await findCandidates(program, before, current, (command, typed) =>
    storePathsFor(connected(cli, command), typed),
  );
  cli.output.result({ candidates, how }, [...candidates.filter(isPlain).map(line), `:${how}`].join("\n"));
}

function connected(cli: Cli, command: CommandUnknownOpts): Cli {
  return { ...cli, flags: connectionFlags(command), profile: profileFlag(command) };
}

/** Whether the shell can be told of it: a word would be changed by escaping, or be taken for the last line. */
function isPlain({ word }: Candidate): boolean {
  return word === oneLine(word) && !word.startsWith(":");
}

function line({ word, says = "" }: Candidate): string {
  return says === "" ? word : `${word}\t${says}`;
}

/** A person waits for it with a finger on the key. */
const limitMs = 2000;

/** The paths of the store that begin as typed, one level further. None when the cluster cannot be asked. */
export async function storePathsFor(cli: Cli, typed: string): Promise<readonly string[]> {
  const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(limitMs)]);
  const folder = typed.slice(0, Math.max(typed.lastIndexOf("/"), 0));
  try {
    await using store = await openStore({ ...cli, signal });
    const entries = (await listEntries(store, folder, signal)) ?? [];
    return entries.map(({ kind, storePath }) => (kind === "folder" ? `${storePath}/` : storePath));
  } catch {
    return [];
  }
}
