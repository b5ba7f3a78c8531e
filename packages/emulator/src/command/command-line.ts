import { parseArgs } from "node:util";
import { lateOnLinux, type OptionRow, optionRows, optionTable } from "../option-table.js";

/** What the command line asks for. */
export type CommandLine = { readonly action: "help" } | { readonly action: "version" } | RunCommand;

/** Run the emulator. Files are not read yet. */
export interface RunCommand {
  readonly action: "run";
  /** Whether to print JSON instead of text. */
  readonly json: boolean;
  /** The value of an option on the command line, or its default. Undefined if there is neither. */
  get<T>(option: OptionRow<T>): T | undefined;
}

/** The command line is not valid. The message says how to fix it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Options that are only on the command line and never start the emulator. */
const otherFlags = { help: "show this help", version: "show the version" } as const;

const rowsByFlag: ReadonlyMap<string, OptionRow | undefined> = new Map([
  ...optionRows.flatMap((row) => (row.flag === undefined ? [] : [[row.flag, row] as const])),
  ...Object.keys(otherFlags).map((flag) => [flag, undefined] as const),
]);

/** The text of each flag on the command line, in order. Empty for a switch. */
type GivenFlags = ReadonlyMap<string, readonly string[]>;

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const given = readFlags(args);
  if (given.has("help")) return { action: "help" };
  if (given.has("version")) return { action: "version" };
  for (const row of optionRows) checkCombination(row, given);
  const values = new Map(optionRows.map((row) => [row, readValue(row, given)]));
  const get = <T>(row: OptionRow<T>) => {
    const value = values.get(row);
    return row.kind.accepts(value) ? value : undefined;
  };
  if (get(optionTable.platform) === "linux" && get(optionTable.clientCertificate) === "late")
    throw new UsageError(`--client-certificate ${lateOnLinux}.`);
  return { action: "run", json: get(optionTable.json) === true, get };
}

function readFlags(args: readonly string[]): GivenFlags {
  const options = Object.fromEntries(
    [...rowsByFlag].map(([flag, row]) => [flag, { type: takesValue(row) ? "string" : "boolean" } as const]),
  );
  // Not strict, because the messages of Node.js for wrong arguments do not fit a command line.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given = new Map<string, readonly string[]>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw new UsageError(`Unexpected argument "${token.value}".`);
    given.set(token.name, [...(given.get(token.name) ?? []), readText(token)]);
  }
  return given;
}

interface FlagToken {
  readonly name: string;
  /** As on the command line, such as `--port` or `-p`. */
  readonly rawName: string;
  readonly value: string | undefined;
  /** Whether the value comes after `=`. */
  readonly inlineValue: boolean | undefined;
}

function readText({ name, rawName, value, inlineValue }: FlagToken): string {
  if (!rawName.startsWith("--") || !rowsByFlag.has(name))
    throw new UsageError(`Unknown option ${rawName}.${suggestion(name)}`);
  if (!takesValue(rowsByFlag.get(name))) {
    if (value !== undefined) throw new UsageError(`--${name} does not take a value.`);
    return "";
  }
  if (value === undefined || value === "") throw new UsageError(`--${name} needs a value.`);
  if (inlineValue !== true && value.startsWith("-"))
    throw new UsageError(`--${name} needs a value. If the value is ${value}, write --${name}=${value}.`);
  return value;
}

function takesValue(row: OptionRow | undefined): boolean {
  return row?.placeholder !== undefined;
}

function checkCombination({ flag = "", needs, excludes = [] }: OptionRow, given: GivenFlags): void {
  if (!given.has(flag)) return;
  if (needs !== undefined && !needs.some((other) => given.has(other)))
    throw new UsageError(`--${flag} needs ${needs.map((other) => `--${other}`).join(" or ")}.`);
  const excluded = excludes.find((other) => given.has(other));
  if (excluded !== undefined) throw new UsageError(`--${flag} cannot be combined with --${excluded}.`);
}

function readValue({ flag = "", kind, default: fallback }: OptionRow, given: GivenFlags): unknown {
  const values = (given.get(flag) ?? (fallback === undefined ? [] : [fallback])).map((text) => {
    const value = kind.fromText(text);
    if ((kind.item ?? kind).accepts(value)) return value;
    throw new UsageError(`--${flag} must be ${kind.flagRequirement ?? kind.requirement}, not "${text}".`);
  });
  // If a flag that takes one value is repeated, the last value wins.
  return kind.item === undefined || values.length === 0 ? values.at(-1) : values;
}

/** The flag that was probably meant, as a sentence. */
function suggestion(name: string): string {
  const [best] = [...rowsByFlag.keys()]
    .map((flag) => ({ flag, distance: flag.startsWith(name) ? 0 : editDistance(name, flag) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance);
  return best === undefined || name.length < 3 ? "" : ` Did you mean --${best.flag}?`;
}

/** How many characters have to be inserted, deleted or replaced. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (character === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The output of `--help`, wrapped for a terminal of `columns`. @param columns Default: 80. At least 40. */
export function usage(columns = 80): string {
  const width = Math.max(columns, 40);
  const isSecure = ({ group }: OptionRow) => group !== undefined;
  const help = (flag: string, description: string) => helpLines(flag, description, width);
  const others = Object.entries(otherFlags).flatMap(([flag, text]) => help(`--${flag}`, text));
  const lines = (rows: readonly OptionRow[]) =>
    rows.flatMap((row) => (row.flag === undefined ? [] : help(flagUsage(row), helpText(row))));
  return [
    "Usage: sf-image-store-emulator [options]",
    "",
    ...wrap("Runs a Service Fabric image store on this machine, for development and tests.", width),
    ...["", "Options:", ...lines(optionRows.filter((row) => !isSecure(row))), ...others],
    ...["", "HTTPS and authentication:", ...lines(optionRows.filter(isSecure)), ""],
    ...wrap("To see the content of the store, open /Explorer in a browser.", width),
    "",
  ].join("\n");
}

/** A flag with the placeholder of its value, such as `--port <number>`. */
export function flagUsage({ flag, placeholder }: OptionRow): string {
  return placeholder === undefined ? `--${flag}` : `--${flag} <${placeholder}>`;
}

function helpText({ description, kind: { choices }, default: value, defaultDescription }: OptionRow): string {
  const fallback = value ?? defaultDescription;
  const notes = [
    ...(choices === undefined ? [] : [choices.join(" or ")]),
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}

const columnWidth = 28;

/** A flag that is too long for its column gets its own line. On a narrow terminal, all flags do. */
function helpLines(flag: string, description: string, width: number): readonly string[] {
  const margin = width < 72 ? 6 : columnWidth + 3;
  const [first = "", ...others] = wrap(description, width - margin);
  const isBeside = flag.length <= margin - 3;
  const beside = isBeside
    ? [`  ${flag}`.padEnd(margin) + first]
    : wrap(flag, width - 2).map((line) => `  ${line}`);
  const below = isBeside ? others : [first, ...others];
  return [...beside, ...below.map((line) => " ".repeat(margin) + line)];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
