import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { helpLayout, helpWidth, type Perform, wrapHelp } from "./command-line/command.js";
import { addConnectionOptions, addOutputOptions, moveSharedOptions } from "./command-line/global-options.js";
import { commands } from "./commands/index.js";
import type { Streams } from "./output/output.js";

/**
 * Creates the commander program.
 * @param wanted The commands to load completely; the others only get a name and a summary. Undefined for all.
 */
export async function createProgram(
  wanted: readonly string[] | undefined,
  perform: Perform,
  { stdout, stderr }: Streams = process,
): Promise<CommandUnknownOpts> {
  const program = new Command("sf-image-store")
    .description(
      "Deploys applications to Service Fabric clusters, and manages the packages in their image stores.",
    )
    .usage("<command> [options]")
    .option("-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      "\nOutput and connection options, such as --json and --endpoint, can precede or follow the command. To list them, run `sf-image-store <command> --help`.",
    )
    // `run` prints errors, as text or JSON.
    .configureOutput({
      writeOut: (help) => void stdout.write(wrapHelp(help, helpWidth(stdout.columns))),
      writeErr: (help) => void stderr.write(wrapHelp(help, helpWidth(stderr.columns))),
      getOutHelpWidth: () => helpWidth(stdout.columns),
      getErrHelpWidth: () => helpWidth(stderr.columns),
      outputError: () => {},
    })
    .configureHelp(helpLayout)
    .exitOverride();
  for (const [name, { summary, load, hidden = false }] of Object.entries(commands)) {
    const command = program.command(name, { hidden }).description(summary);
    if (wanted !== undefined && !wanted.includes(name)) continue;
    const { declare, isOffline = false, hasOwnOptions = false } = await load();
    declare(command, perform);
    if (hasOwnOptions) continue;
    for (const leaf of leavesOf(command)) {
      addOutputOptions(leaf);
      if (!isOffline) addConnectionOptions(leaf);
    }
  }
  return program;
}

/** The commands without subcommands. */
export function leavesOf(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

/** Moves the shared options in front of a command or subcommand behind it. */
export function moveGlobalOptions(argv: readonly string[]): readonly string[] {
  return moveSharedOptions(argv, (name) => commands[name]?.hasSubcommands === true);
}
