import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

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

/** What can stand at the end of a command line. */
export type Expected =
  | { readonly kind: "commands"; readonly command: CommandUnknownOpts }
  | { readonly kind: "options"; readonly command: CommandUnknownOpts }
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: "store-path" }
  | { readonly kind: "local-path" }
  | { readonly kind: "nothing" };

export interface Position {
  readonly expected: Expected;
  /** The command that the words lead to, with the values of the options among them. */
  readonly command: CommandUnknownOpts;
  /** What the completed word begins with that is no part of the value: `--to=`. */
  readonly prefix: string;
  /** What has been typed of the value. */
  readonly typed: string;
}

/** Reads a command line up to the word that is being typed. */
function readPosition(program: CommandUnknownOpts, words: readonly string[], current: string): Position {
  const state = { command: program, argumentCount: 0 };
  let waiting: Option | undefined;
  for (const word of words) {
    if (waiting !== undefined) {
      give(state.command, waiting, word);
      waiting = undefined;
    } else if (word.startsWith("-")) {
      waiting = readOption(state.command, word);
    } else {
      enter(state, word);
    }
  }
  const { command, argumentCount } = state;
  if (waiting !== undefined) return { command, expected: expectedOf(waiting), prefix: "", typed: current };
  const [, prefix = "", flag = "", typed = ""] = /^((--[^=]+)=)(.*)$/s.exec(current) ?? [];
  const assigned = prefix === "" ? undefined : findOption(command, flag);
  if (assigned !== undefined) return { command, expected: expectedOf(assigned), prefix, typed };
  const expected: Expected = current.startsWith("-")
    ? { kind: "options", command }
    : command.commands.length > 0
      ? { kind: "commands", command }
      : argumentAt(command, argumentCount);
  return { command, expected, prefix: "", typed: current };
}

function enter(state: { command: CommandUnknownOpts; argumentCount: number }, word: string): void {
  const below = state.command.commands.find((command) => command.name() === word);
  if (below === undefined) state.argumentCount += 1;
  else state.command = below;
}

/** The option, if it waits for its value. */
function readOption(command: CommandUnknownOpts, word: string): Option | undefined {
  const [flag = "", value] = word.split(/=(.*)/s);
  const option = findOption(command, flag);
  if (option === undefined || !takesValue(option)) return undefined;
  if (value === undefined) return option;
  give(command, option, value);
  return undefined;
}

/** As commander would; a value that it would refuse counts as not given. */
function give(command: CommandUnknownOpts, option: Option, value: string): void {
  const name = option.attributeName();
  try {
    const earlier: unknown = command.getOptionValue(name);
    command.setOptionValue(name, option.parseArg ? option.parseArg(value, earlier) : value);
  } catch {}
}

function findOption(command: CommandUnknownOpts, flag: string): Option | undefined {
  return command.options.find((option) => option.long === flag || option.short === flag);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function expectedOf(option: Option): Expected {
  if (option.argChoices !== undefined) return { kind: "choices", choices: option.argChoices };
  return byName(/<(.*)>|\[(.*)\]/.exec(option.flags)?.slice(1).join("") ?? "");
}

function argumentAt({ registeredArguments }: CommandUnknownOpts, index: number): Expected {
  const last = registeredArguments.at(-1);
  const argument: Argument | undefined = registeredArguments[index] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return { kind: "nothing" };
  if (argument.argChoices !== undefined) return { kind: "choices", choices: argument.argChoices };
  return byName(argument.name());
}

/** Placeholders tell what they stand for: `<store-path>`, `<from-store-path>`, `<file>`. */
function byName(placeholder: string): Expected {
  const name = placeholder.replace(/\.+$/, "");
  if (/(^|-)store-path$/.test(name)) return { kind: "store-path" };
  if (/(^|-)(path|file|dir|directory|folder)$/.test(name)) return { kind: "local-path" };
  return { kind: "nothing" };
}
