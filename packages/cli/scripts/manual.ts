import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { createProgram, leavesOf } from "../src/program.js";

/** Options that stand in groups of their own, once for all commands. */
const shared = ["Output:", "Connection:"];

/** What marks a line of an example as a command. */
const prompt = "  $ ";

/** The manual of all commands in Markdown, from the tree that parses them. */
export async function manual(): Promise<string> {
  const program = await createProgram(undefined, async () => {});
  const leaves = program.createHelp().visibleCommands(program).flatMap(leavesOf);
  const commands = leaves.filter((command) => command.name() !== "help");
  const talking = commands.find(({ options }) => shared.every((group) => options.some(isOf(group))));
  const tables = shared.map((group) => {
    const title = `### ${group === "Output:" ? "Options of all commands" : "Options of all commands that talk to a cluster"}`;
    return `${title}\n\n${optionTable(talking?.options.filter(isOf(group)) ?? [])}`;
  });
  return [...commands.map(section), ...tables].join("\n\n");
}

function section(command: CommandUnknownOpts): string {
  const name = fullName(command);
  const own = command.options.filter((option) => !shared.some((group) => isOf(group)(option)));
  const rows = [...command.registeredArguments.map(argumentRow), ...own.map(optionRow)];
  const parts = [
    `### ${name}`,
    sentence(command.description()),
    `\`\`\`text\n${name} ${command.usage()}\n\`\`\``,
    ...(rows.length === 0 ? [] : [table(rows)]),
    textAfterOptions(command),
  ];
  return parts.join("\n\n");
}

function fullName(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What a command's help says behind its options: remarks, and examples, which become a block to be copied. */
function textAfterOptions(command: CommandUnknownOpts): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const [remarks = "", examples = ""] = help.slice(command.helpInformation().length).split("Examples:\n");
  const lines = examples.split("\n");
  const isCommand = (line: string) => line.startsWith(prompt);
  const copied = lines.filter(isCommand).map((line) => line.slice(prompt.length));
  const block = `\`\`\`sh\n${copied.join("\n")}\n\`\`\``;
  const after = lines.filter((line) => !isCommand(line)).join("\n");
  return [remarks.trim(), block, after.trim()].filter((part) => part !== "").join("\n\n");
}

function optionTable(options: readonly Option[]): string {
  return table(options.map(optionRow));
}

function optionRow({ flags, description, defaultValue, argChoices }: Option): readonly [string, string] {
  const hasDefault = typeof defaultValue === "number" || typeof defaultValue === "string";
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(", ")]),
    ...(hasDefault ? [`default: ${defaultValue}`] : []),
  ];
  return [flags, notes.length === 0 ? description : `${description} (${notes.join("; ")})`];
}

function argumentRow(argument: CommandUnknownOpts["registeredArguments"][number]): readonly [string, string] {
  const { required, variadic, description, argChoices } = argument;
  const name = `${argument.name()}${variadic ? "..." : ""}`;
  const choices = argChoices === undefined ? "" : ` (${argChoices.join(", ")})`;
  return [required ? `<${name}>` : `[${name}]`, description + choices];
}

function table(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([what, says]) => `| \`${what}\` | ${says.replaceAll("|", "\\|")} |`);
  return ["| | |", "|---|---|", ...lines].join("\n");
}

function isOf(group: string): (option: Option) => boolean {
  return ({ helpGroupHeading }) => helpGroupHeading === group;
}
