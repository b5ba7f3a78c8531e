import type { Argument, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** A completion for the last word of the command line. */
export interface Candidate {
  readonly word: string;
  readonly description?: string;
}

/** The completions of a word. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** `files`: the shell completes local paths. `open`: the shell adds no space, because the word can continue. */
  readonly completionMode: "files" | "open" | "closed";
}

/** What the cluster knows the words of. */
export type ClusterWord = "store-path" | "type-name" | "type-version" | "app-name";

/** Asks the cluster for words that start with the typed text. */
export type AskCluster = (
  kind: ClusterWord,
  position: Pick<Position, "command" | "typed" | "arguments">,
) => Promise<readonly string[]>;

/**
 * Finds completions for the word being typed.
 * @param shared The options of all commands, which can precede a command.
 */
export async function findCompletions(
  program: CommandUnknownOpts,
  shared: readonly Option[],
  words: readonly string[],
  current: string,
  askCluster: AskCluster,
): Promise<Candidates> {
  const position = readPosition(program, shared, words, current);
  if (position.expected.kind === "local-path") return { candidates: [], completionMode: "files" };
  const { prefix, typed } = position;
  const found = (await candidatesAt(position, shared, askCluster)).filter(({ word }) =>
    word.startsWith(typed),
  );
  const candidates = found.map((candidate) => ({ ...candidate, word: prefix + candidate.word }));
  const isOpen = found.length > 0 && found.every(({ word }) => word.endsWith("/"));
  return { candidates, completionMode: isOpen ? "open" : "closed" };
}

async function candidatesAt(
  position: Position,
  shared: readonly Option[],
  askCluster: AskCluster,
): Promise<readonly Candidate[]> {
  const { expected } = position;
  switch (expected.kind) {
    case "commands":
      return visibleCommands(expected.command);
    case "options":
      return visibleOptions(expected.command, shared);
    case "choices":
      return expected.choices.map((word) => ({ word }));
    case "local-path":
    case "nothing":
      return [];
    default:
      return (await askCluster(expected.kind, position)).map((word) => ({ word }));
  }
}

function visibleCommands(command: CommandUnknownOpts): readonly Candidate[] {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((below) => ({ word: below.name(), description: below.description() }));
}

function visibleOptions(command: CommandUnknownOpts, shared: readonly Option[]): readonly Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  const more = command.commands.length > 0 ? shared : [];
  return [...options, ...more].flatMap(({ long, description }) =>
    long ? [{ word: long, description: description }] : [],
  );
}

/** What is expected at the end of a command line. */
export type Expected =
  | { readonly kind: "commands"; readonly command: CommandUnknownOpts }
  | { readonly kind: "options"; readonly command: CommandUnknownOpts }
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  | { readonly kind: ClusterWord }
  | { readonly kind: "local-path" }
  | { readonly kind: "nothing" };

export interface Position {
  readonly expected: Expected;
  /** The command on the command line, with the values of its options. */
  readonly command: CommandUnknownOpts;
  /** The arguments of the command before the word. */
  readonly arguments: readonly string[];
  /** The part of the word before the value, such as `--to=`. */
  readonly prefix: string;
  /** The part of the value that has been typed. */
  readonly typed: string;
}

/** Parses a command line up to the word being typed. */
function readPosition(
  program: CommandUnknownOpts,
  shared: readonly Option[],
  words: readonly string[],
  current: string,
): Position {
  const state: { command: CommandUnknownOpts; arguments: string[] } = { command: program, arguments: [] };
  let waiting: Option | undefined;
  for (const word of words) {
    if (waiting !== undefined) {
      applyOption(state.command, waiting, word);
      waiting = undefined;
    } else if (word.startsWith("-")) {
      waiting = readOption(state.command, shared, word);
    } else {
      enter(state, word);
    }
  }
  const { command } = state;
  const entered = { command, arguments: state.arguments };
  if (waiting !== undefined) return { ...entered, expected: expectedOf(waiting), prefix: "", typed: current };
  const [, prefix = "", flag = "", typed = ""] = /^((--[^=]+)=)(.*)$/s.exec(current) ?? [];
  const assigned = prefix === "" ? undefined : findOption(command, shared, flag);
  if (assigned !== undefined) return { ...entered, expected: expectedOf(assigned), prefix, typed };
  const expected: Expected = current.startsWith("-")
    ? { kind: "options", command }
    : command.commands.length > 0
      ? { kind: "commands", command }
      : argumentAt(command, state.arguments.length);
  return { ...entered, expected, prefix: "", typed: current };
}

function enter(state: { command: CommandUnknownOpts; arguments: string[] }, word: string): void {
  const below = state.command.commands.find((command) => command.name() === word);
  if (below === undefined) state.arguments.push(word);
  else state.command = below;
}

/** Returns the option if it still needs a value. */
function readOption(
  command: CommandUnknownOpts,
  shared: readonly Option[],
  word: string,
): Option | undefined {
  const [flag = "", value] = word.split(/=(.*)/s);
  const option = findOption(command, shared, flag);
  if (option === undefined || !takesValue(option)) return undefined;
  if (value === undefined) return option;
  applyOption(command, option, value);
  return undefined;
}

/** Sets the option's value as commander does. A value that commander would reject is ignored. */
function applyOption(command: CommandUnknownOpts, option: Option, value: string): void {
  const name = option.attributeName();
  try {
    const earlier: unknown = command.getOptionValue(name);
    command.setOptionValue(name, option.parseArg ? option.parseArg(value, earlier) : value);
  } catch {}
}

function findOption(
  command: CommandUnknownOpts,
  shared: readonly Option[],
  flag: string,
): Option | undefined {
  const options = command.commands.length > 0 ? shared : command.options;
  return options.find((option) => option.long === flag || option.short === flag);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** In a placeholder such as `<number|auto>`, everything after the first part is a word. */
function expectedOf(option: Option): Expected {
  if (option.argChoices !== undefined) return { kind: "choices", choices: option.argChoices };
  const placeholder = /<(.*)>|\[(.*)\]/.exec(option.flags)?.slice(1).join("") ?? "";
  const [, ...words] = placeholder.split("|");
  return words.length > 0 ? { kind: "choices", choices: words } : kindOfPlaceholder(placeholder);
}

function argumentAt({ registeredArguments }: CommandUnknownOpts, index: number): Expected {
  const last = registeredArguments.at(-1);
  const argument: Argument | undefined = registeredArguments[index] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return { kind: "nothing" };
  if (argument.argChoices !== undefined) return { kind: "choices", choices: argument.argChoices };
  return kindOfPlaceholder(argument.name());
}

/** Maps the name of a placeholder, such as `<store-path>`, `<from-store-path>` or `<file>`, to what it expects. */
function kindOfPlaceholder(placeholder: string): Expected {
  const name = placeholder.replace(/\.+$/, "");
  if (/(^|-)store-path$/.test(name)) return { kind: "store-path" };
  if (name === "type-name" || name === "type-version" || name === "app-name") return { kind: name };
  if (/(^|-)(path|file|dir|directory|folder)$/.test(name)) return { kind: "local-path" };
  return { kind: "nothing" };
}
