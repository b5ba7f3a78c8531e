import type { Command } from "@commander-js/extra-typings";
import { type OptionRow, optionTable, parseCommandLine, runEmulator } from "@sf-image-store/emulator/command";
import { Option } from "commander";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";

/** The emulator parses its own options. Commander only shows them in the help. */
export const hasOwnOptions = true;

export function declare(command: Command, perform: Perform): void {
  for (const row of optionTable) command.addOption(option(row));
  command
    .addHelpText("after", examples("emulator", "emulator --port 0 --location ./image-store --platform linux"))
    .action((_, self) => perform(self, run));
}

function option({ name, value, says, group }: OptionRow): Option {
  const made = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`, says);
  return group === undefined ? made : made.helpGroup(`${group}:`);
}

async function run({ argv, environment, signal, output }: Cli): Promise<void> {
  const command = parseCommandLine(argv.slice(1));
  // Commander handles --help, and the program handles --version.
  if (command.action !== "run") return;
  await runEmulator(command, {
    environment,
    signal,
    print: (part) => output.resultPart(part),
    warn: (line) => output.warn(line.replace(/^Warning: /, "")),
  });
}
