import { type OptionRow, optionTable } from "./option-table.js";

const own: readonly OptionRow[] = [
  { name: "help", says: "this text" },
  { name: "version", says: "the version" },
];
const width = 28;
const rows: readonly OptionRow[] = optionTable;

/** What `--help` prints. */
export const usage = `Usage: sf-image-store-emulator [options]

Runs a Service Fabric image store on this machine, for development and tests.

Options:
${lines([...rows.filter(({ group }) => group === undefined), ...own])}

HTTPS and callers:
${lines(rows.filter(({ group }) => group !== undefined))}

To look into the store with a browser, open /Explorer.
`;

function lines(options: readonly OptionRow[]): string {
  return options.map((option) => `  ${column(flag(option))} ${option.says}`).join("\n");
}

/** A flag too long for the column has its line to itself. */
function column(text: string): string {
  return text.length > width ? `${text}\n${" ".repeat(width + 2)}` : text.padEnd(width);
}

function flag({ name, value }: OptionRow): string {
  return value === undefined ? `--${name}` : `--${name} <${value}>`;
}
