import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import {
  flagUsage,
  type OptionRow,
  optionRows,
  parseCommandLine,
  type RunCommand,
  readVersion,
  runEmulator,
  UsageError,
} from "@sf-image-store/emulator/command";
import { Option } from "commander";
import { examples, type Perform } from "../command-line/command.js";
import type { Cli } from "../connection/cli.js";

/** The emulator parses its options itself. Commander knows them only for help and completion. */
export const hasOwnOptions = true;

export function declare(command: Command, perform: Perform): void {
  for (const row of optionRows) if (row.flag !== undefined) command.addOption(option(row));
  command.parseOptions = (args) => ({ operands: [], unknown: [...args] });
  command
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText("after", examples("emulator", "emulator --port 0 --location ./image-store --platform linux"))
    .action((_, self) => {
      // Commander takes --version for an option of the program, wherever it is.
      if (self.parent?.getOptionValue("version") === true) return perform(self, printVersion);
      const parsed = parse(self);
      // Determines how the command line prints errors and warnings.
      self.setOptionValue("json", parsed.json);
      return perform(self, (cli) => runEmulator(parsed, hostOf(cli)));
    });
}

function option(row: OptionRow): Option {
  const { description, kind, default: value, defaultDescription, group } = row;
  const made = new Option(flagUsage(row), description);
  const fallback = value ?? defaultDescription;
  if (kind.choices !== undefined) made.choices(kind.choices);
  if (fallback !== undefined) made.default(fallback, fallback);
  return group === undefined ? made : made.helpGroup(`${group}:`);
}

/** Reports a usage error through commander, in the form that all commands use. */
function parse(self: CommandUnknownOpts): RunCommand {
  try {
    const parsed = parseCommandLine(self.args);
    // Commander has already handled --help.
    return parsed.action === "run" ? parsed : self.help();
  } catch (error) {
    if (error instanceof UsageError) return self.error(error.message);
    throw error;
  }
}

async function printVersion({ output }: Cli): Promise<void> {
  const version = await readVersion();
  output.result({ version }, version);
}

function hostOf({ environment, signal, output }: Cli) {
  return {
    environment,
    signal,
    print: (part: string | object) => output.resultPart(part),
    warn: (line: string) => output.warn(line.replace(/^Warning: /, "")),
  };
}
