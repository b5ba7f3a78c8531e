import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { ApplicationsClient } from "@sf-image-store/client/applications";
import type { TypeKey } from "../applications/provisioning.js";
import type { Perform } from "../command-line/command.js";
import {
  connectionFlags,
  moveSharedOptions,
  profileFlag,
  sharedOptions,
} from "../command-line/global-options.js";
import { type Candidate, type ClusterWord, findCompletions } from "../completion/candidates.js";
import type { Cli } from "../connection/cli.js";
import { withApplications } from "../connection/open-cluster.js";
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
    (kind, { command, typed, arguments: words }) =>
      completeWord(withConnectionOf(cli, command), kind, typed, words),
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

/** The words of the cluster that start with the typed text. Empty if the cluster cannot be reached. */
export async function completeWord(
  cli: Cli,
  kind: ClusterWord,
  typed: string,
  words: readonly string[],
): Promise<readonly string[]> {
  // Not AbortSignal.timeout, which Node.js 20 may garbage-collect in a combined signal before it fires.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  const signal = AbortSignal.any([cli.signal, limit.signal]);
  // A status line would be drawn into the command line that is being typed.
  const limited = { ...cli, output: { ...cli.output, status: () => {} }, signal };
  try {
    if (kind === "store-path") return await storePaths(limited, typed);
    return await withApplications(limited, (client) =>
      applicationWords(client, { kind, typed, words, signal }),
    );
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** One level deep. */
async function storePaths(cli: Cli, typed: string): Promise<readonly string[]> {
  const folder = typed.slice(0, Math.max(typed.lastIndexOf("/"), 0));
  await using store = await openStore(cli);
  const entries = (await listEntries(store, folder, cli.signal)) ?? [];
  return entries.map(({ kind, storePath }) => (kind === "folder" ? `${storePath}/` : storePath));
}

interface WordQuery {
  readonly kind: Exclude<ClusterWord, "store-path">;
  readonly typed: string;
  /** The arguments before the word. */
  readonly words: readonly string[];
  readonly signal: AbortSignal;
}

async function applicationWords(
  client: ApplicationsClient,
  { kind, typed, words, signal }: WordQuery,
): Promise<readonly string[]> {
  const options = { excludeParameters: true, abortSignal: signal };
  const found = new Set<string>();
  if (kind === "app-name") {
    // The prefix can be left out.
    const start = typed.startsWith("fabric:") ? 0 : "fabric:/".length;
    for await (const { applicationName } of client.listApplications(options))
      found.add(applicationName.slice(start));
    return [...found];
  }
  // The versions of the application's type, of the type before the word, or of all types.
  const ofApplication = new Map<string, string>();
  if (kind === "type-version") {
    for await (const { applicationName, typeName } of client.listApplications(options)) {
      ofApplication.set(applicationName.replace("fabric:/", ""), typeName);
    }
  }
  const types: TypeKey[] = [];
  for await (const type of client.listApplicationTypes(options)) types.push(type);
  const named = words.find((word) => types.some(({ typeName }) => typeName === word));
  const wanted = named ?? ofApplication.get((words[0] ?? "").replace(/^fabric:\//, ""));
  for (const { typeName, typeVersion } of types) {
    if (kind === "type-name") found.add(typeName);
    else if (typeName === (wanted ?? typeName) && !words.includes(typeVersion)) found.add(typeVersion);
  }
  return [...found];
}
