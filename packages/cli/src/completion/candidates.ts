import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type Position, readPosition } from "./expected.js";

/** A word that may stand at the end of the command line. */
export interface Candidate {
  readonly word: string;
  readonly says?: string;
}

/** What a shell is told. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** `files`: the shell completes a path of its own. `open`: no blank after the word, it may go on. */
  readonly how: "files" | "open" | "closed";
}

/** What can stand for the word that is being typed. @param askStore Lists paths of the store. */
export async function findCandidates(
  program: CommandUnknownOpts,
  words: readonly string[],
  current: string,
  askStore: (command: CommandUnknownOpts, typed: string) => Promise<readonly string[]>,
): Promise<Candidates> {
  const position = readPosition(program, words, current);
  if (position.expected.kind === "local-path") return { candidates: [], how: "files" };
  const { prefix, typed } = position;
  const found = (await candidatesAt(position, askStore)).filter(({ word }) => word.startsWith(typed));
  const candidates = found.map((candidate) => ({ ...candidate, word: prefix + candidate.word }));
  const isOpen = found.length > 0 && found.every(({ word }) => word.endsWith("/"));
  return { candidates, how: isOpen ? "open" : "closed" };
}

async function candidatesAt(
  { expected, command, typed }: Position,
  askStore: (command: CommandUnknownOpts, typed: string) => Promise<readonly string[]>,
): Promise<readonly Candidate[]> {
  switch (expected.kind) {
    case "commands":
      return visibleCommands(expected.command);
    case "options":
      return visibleOptions(expected.command);
    case "choices":
      return expected.choices.map((word) => ({ word }));
    case "store-path":
      return (await askStore(command, typed)).map((word) => ({ word }));
    default:
      return [];
  }
}

function visibleCommands(command: CommandUnknownOpts): readonly Candidate[] {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((below) => ({ word: below.name(), says: below.description() }));
}

function visibleOptions(command: CommandUnknownOpts): readonly Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, description }) => (long ? [{ word: long, says: description }] : []));
}
