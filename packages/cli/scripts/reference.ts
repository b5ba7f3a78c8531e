import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { flagOf, ruleOf, type SettingName, settingNames } from "../src/connection/settings.js";
import { exitCode, exitCodeDescriptions, type FailureCode } from "../src/errors/errors.js";
import { factsOf } from "../src/errors/facts.js";
import { failureKinds } from "../src/errors/kinds.js";
import { createProgram, leavesOf, moveGlobalOptions } from "../src/program.js";

export { createProgram, moveGlobalOptions };

/** A page of the documentation site. */
export interface ReferencePage {
  /** The source that the page is generated from, relative to the package. Links to it lead to the page. */
  readonly source: string;
  readonly markdown: string;
}

/** The reference of the command line, generated from the code. The first page is the list of commands. */
export async function commandLineReference(): Promise<readonly ReferencePage[]> {
  return [
    { source: "src/commands", markdown: await commandsPage() },
    { source: "src/errors", markdown: errorsPage() },
    { source: "src/connection/settings.ts", markdown: settingsPage() },
  ];
}

/** The help groups of the options that all commands share. */
const sharedGroups = ["Output:", "Connection:"];

async function commandsPage(): Promise<string> {
  const program = await createProgram(undefined, async () => {});
  const leaves = program.createHelp().visibleCommands(program).flatMap(leavesOf);
  const commands = leaves.filter((command) => command.name() !== "help");
  const withSharedOptions = commands.find(({ options }) =>
    sharedGroups.every((group) => options.some(isInGroup(group))),
  );
  const outputOptions = withSharedOptions?.options.filter(isInGroup("Output:")) ?? [];
  return paragraphs(
    "# Command line reference",
    "This page is generated from the code. `sf-image-store <command> --help` shows the same text.",
    "## Output options",
    "All commands except `emulator` accept these options.",
    table(["Option", "Description"], outputOptions.map(optionRow)),
    "## Connection options",
    "Commands that connect to a cluster also accept the flags in [Settings and environment variables](../src/connection/settings.ts).",
    ...commands.map(commandSection),
  );
}

function commandSection(command: CommandUnknownOpts): string {
  const name = fullName(command);
  const ownOptions = command.options.filter(
    (option) => !sharedGroups.some((group) => isInGroup(group)(option)),
  );
  const rows = [...command.registeredArguments.map(argumentRow), ...ownOptions.map(optionRow)];
  return paragraphs(
    `## ${name}`,
    sentence(command.description()),
    `\`\`\`text\n${name} ${command.usage()}\n\`\`\``,
    rows.length === 0 ? "" : table(["Argument or option", "Description"], rows),
    textAfterOptions(command),
  );
}

function fullName(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** The text after the options in a command's help: notes, and examples as a code block. */
function textAfterOptions(command: CommandUnknownOpts): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [before = "", examples = ""] = help.slice(command.helpInformation().length).split("Examples:\n");
  const lines = examples.split("\n");
  const prompt = "  $ ";
  const isExample = (line: string) => line.startsWith(prompt);
  const block = lines.filter(isExample).map((line) => line.slice(prompt.length));
  const after = lines.filter((line) => !isExample(line)).join("\n");
  return paragraphs(before.trim(), `\`\`\`sh\n${block.join("\n")}\n\`\`\``, after.trim());
}

function optionRow({ flags, description, defaultValue, argChoices }: Option): readonly string[] {
  const hasDefault = typeof defaultValue === "number" || typeof defaultValue === "string";
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(hasDefault ? [`default: ${defaultValue}`] : []),
  ];
  return [code(flags), notes.length === 0 ? description : `${description} (${notes.join("; ")})`];
}

function argumentRow(argument: CommandUnknownOpts["registeredArguments"][number]): readonly string[] {
  const { required, variadic, description, argChoices } = argument;
  const name = `${argument.name()}${variadic ? "..." : ""}`;
  const choices = argChoices === undefined ? "" : ` (${argChoices.join(", ")})`;
  return [code(required ? `<${name}>` : `[${name}]`), description + choices];
}

function isInGroup(group: string): (option: Option) => boolean {
  return ({ helpGroupHeading }) => helpGroupHeading === group;
}

function errorsPage(): string {
  const codes = Object.entries(exitCodeDescriptions).map(([name, description]) => {
    const number = Object.entries(exitCode).find(([key]) => key === name)?.[1];
    return [String(number), code(name), description];
  });
  return paragraphs(
    "# Exit codes and errors",
    "This page is generated from the code.",
    "## Exit codes",
    table(["Exit code", "`error.code`", "Meaning"], codes),
    "## Kinds of errors",
    "With `--json`, `error.kind` tells what happened, and `error.remedy` what to do. Codes and kinds are stable.",
    table(["`error.kind`", "Exit code", "What happened", "What to do"], errorRows()),
  );
}

function errorRows(): readonly (readonly string[])[] {
  const unknown = factsOf(new Error());
  const rows = new Map<string, readonly string[]>();
  for (const { kind, code: exit, description, remedy } of failureKinds) {
    const known = rows.get(kind);
    if (known === undefined)
      rows.set(kind, [code(kind), codeNumber(exit), description, remedy?.(unknown) ?? ""]);
  }
  rows.set("interrupted", [
    code("interrupted"),
    codeNumber("interrupted"),
    exitCodeDescriptions.interrupted,
    "",
  ]);
  return [...rows.values()];
}

function codeNumber(name: FailureCode): string {
  return String(exitCode[name]);
}

/** Variables that are not settings of a connection. */
const otherVariables: readonly (readonly [string, string])[] = [
  [
    "SF_PROFILE_FILE",
    "path of the profile file (default: `~/.config/sf-image-store/profiles.json`, on Windows in `%APPDATA%`); `/dev/null` disables profiles",
  ],
  ["SF_PASSPHRASE", "passphrase of the private key; `--passphrase-file` takes precedence"],
  ["SF_TOKEN", "Microsoft Entra ID token"],
  ["HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "proxies; requests to this machine bypass them"],
  ["NO_COLOR", "disable colors, like `--no-color`"],
  ["FORCE_COLOR", "enable colors, also without a terminal; `0` disables them. NO_COLOR takes precedence"],
  ["TERM", "`dumb` disables progress bars and colors"],
  ["GITHUB_ACTIONS, TF_BUILD", "set by GitHub Actions and Azure Pipelines; enable their log commands"],
  ["NODE_NO_WARNINGS", "`1` disables warnings of Node.js"],
  [
    "TMPDIR (Windows: TEMP)",
    "folder for temporary files: compressed copies, files of archives, and standard input",
  ],
];

function settingsPage(): string {
  return paragraphs(
    "# Settings and environment variables",
    "This page is generated from the code. All commands that connect to a cluster use these settings.",
    "A flag overrides the environment variable, and the variable overrides the profile. `sf-image-store doctor` shows the settings that apply and where they come from.",
    table(
      ["Flag", "Variable", "In a profile", "Description", "Default"],
      [profileRow, ...settingNames.map(settingRow)],
    ),
    "In a variable, separate the values of a repeatable setting with `;`. For a flag without a value, set the variable to `true` or `false`.",
    "## Groups",
    "Some settings exclude each other. A flag replaces the whole group: if you pass `--pfx`, the profile's `pem` and `passphraseFile` are ignored.",
    groupList(),
    "## Other environment variables",
    table(
      ["Variable", "Meaning"],
      otherVariables.map(([name, meaning]) => [code(name), meaning]),
    ),
  );
}

const profileRow = [
  code("--profile <name>"),
  code("SF_PROFILE"),
  "",
  "use the settings that `connect` saved under this name",
  "the default profile",
];

function settingRow(name: SettingName): readonly string[] {
  const { flag, variable, description, defaultText = "" } = ruleOf(name);
  return [code(flag), code(variable), code(name), description, defaultText];
}

function groupList(): string {
  const groups = new Map<string, SettingName[]>();
  for (const name of settingNames) {
    const { group } = ruleOf(name);
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return [...groups]
    .map(([group, names]) => `- ${group}: ${names.map((name) => code(flagOf(name))).join(", ")}`)
    .join("\n");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Escapes what Markdown would take for a column or an HTML tag. */
function cell(text: string): string {
  const [inCode, plain] = [/`[^`]*`/g, /</g];
  const codes = text.match(inCode) ?? [];
  const parts = text.split(inCode).map((part) => part.replaceAll(plain, "&lt;"));
  const joined = parts.map((part, index) => part + (codes[index] ?? "")).join("");
  return joined.replaceAll("|", "\\|").replaceAll("\n", "<br>");
}

function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}
