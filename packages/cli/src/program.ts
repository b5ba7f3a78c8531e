import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Perform } from "./command-line/command.js";
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
      "Upload to the image store of a Service Fabric cluster, resume after interruptions, and verify the result.",
    )
    .usage("<command> [options]")
    .option("-V, --version", "print the version")
    .helpCommand("help [command]", "display help for a command")
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      "\nOutput and connection options, such as --json and --endpoint, can precede or follow the command. To list them, run\n`sf-image-store <command> --help`.",
    )
    // `run` prints errors, as text or JSON.
    .configureOutput({
      writeOut: (help) => void stdout.write(help),
      writeErr: (help) => void stderr.write(help),
      getOutHelpWidth: () => stdout.columns || 80,
      getErrHelpWidth: () => stderr.columns || 80,
      outputError: () => {},
    })
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
