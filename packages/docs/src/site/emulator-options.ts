import { flagUsage, type OptionRow, optionRows } from "@sf-image-store/emulator/command";
import { code, paragraphs, table } from "../rest/markdown.js";

export const emulatorOptionsFile = "emulator-options.md";

/** The reference page of the emulator's options in Markdown, made from the table that parses and checks them. */
export function emulatorOptionsPage(): string {
  const isGrouped = ({ group }: OptionRow) => group !== undefined;
  return paragraphs(
    "# Emulator options",
    "`sf-image-store-emulator` and `sf-image-store emulator` take these flags. `startEmulator` takes the options in the second column. Where a flag names a file, code passes the content of the file.",
    optionsTable(optionRows.filter((row) => !isGrouped(row))),
    "## HTTPS and authentication",
    optionsTable(optionRows.filter(isGrouped)),
    "`--help` shows the flags, and `--version` shows the version.",
  );
}

function optionsTable(rows: readonly OptionRow[]): string {
  return table(["Flag", "In code", "Value", "Default", "Description"], rows.map(cells));
}

function cells(row: OptionRow): readonly string[] {
  const { flag, option, kind, description, needs = [], excludes = [] } = row;
  const list = (flags: readonly string[]) => flags.map((other) => code(`--${other}`)).join(" or ");
  const remarks = [
    ...(needs.length === 0 ? [] : [`Needs ${list(needs)}.`]),
    ...(excludes.length === 0 ? [] : [`Cannot be combined with ${list(excludes)}.`]),
  ];
  return [
    flag === undefined ? "" : code(flagUsage(row)),
    option === undefined ? "" : code(option),
    flag === undefined ? kind.requirement : (kind.flagRequirement ?? kind.requirement),
    defaultText(row),
    [`${description}.`, ...remarks].join(" "),
  ];
}

/** The default of the flag, and that of `startEmulator` where it is another number, such as milliseconds. */
function defaultText({
  default: value,
  defaultDescription = "",
  codeDefault,
  kind,
  option,
}: OptionRow): string {
  if (value === undefined) return codeDefault ?? defaultDescription;
  const inCode = codeDefault ?? String(kind.fromText(value));
  return option === undefined || inCode === value ? value : `${value} (in code ${inCode})`;
}
