import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "commander";
import {
  flagOf,
  type GivenSettings,
  ruleOf,
  type SettingValue,
  settingNames,
} from "../connection/settings.js";
import type { OutputOptions } from "../output/output.js";

/** Adds the options of all commands that connect to a cluster. */
export function addConnectionOptions(command: CommandUnknownOpts): void {
  command.addOption(
    option("--profile <name>", "use the settings that `connect` saved under this name (env: SF_PROFILE)"),
  );
  for (const name of settingNames) {
    const { flag, variable, description, kind, defaultText } = ruleOf(name);
    const notes = [...(defaultText === undefined ? [] : [`default: ${defaultText}`]), `env: ${variable}`];
    const made = option(flag, `${description} (${notes.join(", ")})`);
    command.addOption(kind === "list" ? made.argParser(append) : made);
  }
}

/** The settings given on the command line. */
export function connectionFlags(command: CommandUnknownOpts): GivenSettings {
  const found = settingNames.flatMap((name) => {
    const value: unknown = command.getOptionValue(name);
    return isSettingValue(value) ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found);
}

export function profileFlag(command: CommandUnknownOpts): string | undefined {
  const value: unknown = command.getOptionValue("profile");
  return typeof value === "string" ? value : undefined;
}

/** The connection options of the command line, as arguments of another command. */
export function connectionArguments(command: CommandUnknownOpts): readonly string[] {
  const flags = connectionFlags(command);
  // The profile of `connect` may not exist yet.
  const profile = command.name() === "connect" ? undefined : profileFlag(command);
  return [
    ...(profile === undefined ? [] : ["--profile", profile]),
    ...settingNames.flatMap((name) => {
      const value = flags[name];
      if (value === undefined || value === true) return value === true ? [flagOf(name)] : [];
      return (typeof value === "string" ? [value] : value).flatMap((one) => [flagOf(name), one]);
    }),
  ];
}

function option(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup("Connection:");
}

function append(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function isSettingValue(value: unknown): value is SettingValue {
  return typeof value === "string" || value === true || Array.isArray(value);
}

/** Adds the output options of all commands. */
export function addOutputOptions(command: CommandUnknownOpts): void {
  const options = [
    new Option("--json", "print the result as one JSON document and everything else as JSON lines").conflicts(
      "output",
    ),
    new Option(
      "-o, --output <format>",
      "format of the result; json is the same as --json, and tables and TSV have a header",
    ).choices(["json", "table", "tsv", "yaml"]),
    new Option("-q, --quiet", "print only the result and errors"),
    new Option("-v, --verbose", "print details, such as failed requests that are retried").conflicts("quiet"),
    new Option("--debug", "print every request, without secrets").conflicts("quiet"),
    new Option("--no-color", "disable colors (env: NO_COLOR)"),
  ];
  for (const option of options) command.addOption(option.helpGroup("Output:"));
}

export async function outputOptions(command: CommandUnknownOpts): Promise<OutputOptions> {
  const format: unknown = command.getOptionValue("output");
  const isGiven = (name: string): boolean => command.getOptionValue(name) === true;
  // In a command with its own options, such as the emulator, --quiet may mean something else.
  if (!command.options.some(({ short }) => short === "-q"))
    return { json: isGiven("json"), level: "normal", color: true };
  const level = isGiven("quiet")
    ? "quiet"
    : isGiven("debug")
      ? "debug"
      : isGiven("verbose")
        ? "verbose"
        : "normal";
  const json = isGiven("json") || format === "json";
  const color = command.getOptionValue("color") !== false;
  return { json, level, color, format: await loadFormat(format) };
}

async function loadFormat(format: unknown): Promise<OutputOptions["format"]> {
  if (format !== "table" && format !== "tsv" && format !== "yaml") return undefined;
  return (await import("../output/formats.js")).resultFormatters[format];
}

/** Whether the command line asks for JSON, before it is parsed. */
export function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      /^(--json|-o=?json|--output=json)$/.test(word) ||
      (/^(-o|--output)$/.test(word) && argv[index + 1] === "json"),
  );
}

/** The options that all commands share. */
export function sharedOptions(): readonly Option[] {
  const command = new Command();
  addOutputOptions(command);
  addConnectionOptions(command);
  return command.options;
}

/**
 * Moves shared options that precede the command, or its subcommand, behind it: `--json ls` becomes `ls --json`. Commander
 * accepts them only where they are declared, and they are declared where the help shows them.
 */
export function moveSharedOptions(
  argv: readonly string[],
  hasSubcommands: (command: string) => boolean,
): readonly string[] {
  const [first = ""] = argv;
  if (!first.startsWith("-") && !hasSubcommands(first)) return argv;
  const count = countLeadingOptions(argv, sharedOptions());
  const [word, ...after] = argv.slice(count);
  // Commander reports an unknown option, and prints the help if there is no command.
  if (word === undefined || word.startsWith("-")) return argv.slice(count);
  const behind = [...argv.slice(0, count), ...after];
  return [word, ...(hasSubcommands(word) ? moveSharedOptions(behind, () => false) : behind)];
}

/** The number of words before the first one that is neither a known option nor its value. */
function countLeadingOptions(argv: readonly string[], options: readonly Option[]): number {
  let count = 0;
  for (let word = argv[count]; word !== undefined; word = argv[count]) {
    const flag = word.replace(/=.*/s, "");
    const option = options.find(({ long, short }) => long === flag || short === flag.slice(0, 2));
    if (option === undefined) break;
    const hasOwnValue = flag !== word || (flag !== option.long && flag !== option.short);
    count += option.required && !hasOwnValue ? 2 : 1;
  }
  return Math.min(count, argv.length);
}
