import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import type { Work } from "./cli.js";
import { connectionFlags, profileFlag } from "./command-line/connection-options.js";
import { outputChoice } from "./command-line/output-options.js";
import type { Environment } from "./connection/environment.js";
import { type ExitCode, exitCode } from "./failure/exit-code.js";
import { createOutput, type Streams } from "./output/output.js";
import { createProgram } from "./program.js";

/** The process that a command runs in. */
export interface World extends Streams {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly stdin: NodeJS.ReadStream;
  /** Aborted by the first Ctrl+C. */
  readonly signal: AbortSignal;
}

/** Runs a command line. Never rejects for what a user can meet; all of that is told, and has an exit code. */
export async function run(world: World): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const perform = async (command: CommandUnknownOpts, work: Work) => {
    code = await performWork(world, command, work);
  };
  const program = await createProgram(wantedCommands(world.argv), perform);
  try {
    await program.parseAsync([...world.argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what is wrong.
    code = error.exitCode === 0 ? exitCode.done : exitCode.usage;
  }
  return code;
}

async function performWork(world: World, command: CommandUnknownOpts, work: Work): Promise<ExitCode> {
  const { environment, argv, stdin, signal } = world;
  const name = fullName(command);
  const output = createOutput(world, environment, name, outputChoice(command));
  try {
    const flags = connectionFlags(command);
    let ending: ExitCode = exitCode.done;
    const endWith = (code: ExitCode) => {
      ending = code;
    };
    await work({ output, environment, flags, profile: profileFlag(command), argv, stdin, signal, endWith });
    return ending;
  } catch (error) {
    const { explain } = await import("./failure/explain.js");
    const failure = explain(error, signal.aborted);
    output.failure(failure.document, failure.text);
    if (output.isAtLeast("debug") && error instanceof Error) output.debug(error.stack ?? error.message);
    return failure.exitCode;
  }
}

/** The first word. Options may stand behind it only. A line to be completed is another command's, after the count. */
function wantedCommands(argv: readonly string[]): readonly string[] {
  const [first = "", second = "", third = ""] = argv;
  if (first === "help") return [second];
  return first === "__complete" ? [first, third] : [first];
}

function fullName(command: CommandUnknownOpts): string {
  const parent = command.parent;
  return parent?.parent ? `${parent.name()} ${command.name()}` : command.name();
}
