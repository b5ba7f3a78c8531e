import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import { connectionFlags, outputChoice, profileFlag } from "./command-line/global-options.js";
import type { InputStream, Work } from "./connection/cli.js";
import { type Circumstances, type ExitCode, exitCode } from "./errors/errors.js";
import type { Environment } from "./output/output.js";
import { createOutput, type Output, type Streams } from "./output/output.js";
import { createProgram } from "./program.js";

/** The process that a command runs in. */
export interface World extends Streams {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly stdin: InputStream;
  /** Aborted by the first Ctrl+C. */
  readonly signal: AbortSignal;
  /** Told of the command's output as soon as it is known, for what the process itself has to say. */
  onOutput?(output: Output): void;
}

/** Runs a command line. Never rejects for what a user can meet; all of that is told, and has an exit code. */
export async function run(world: World): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const perform = async (command: CommandUnknownOpts, work: Work) => {
    code = await performWork(world, command, work);
  };
  const program = await createProgram(wantedCommands(world.argv), perform, world);
  try {
    await program.parseAsync([...world.argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCode.done : exitCode.usage;
    // Help, asked for or not, is on the screen already.
    if (code !== exitCode.done && error.code !== "commander.help") tellUsageError(world, program, error);
  }
  return code;
}

/** The output before the command line is understood, if it ever is: `--json` and `--quiet` count wherever they stand. */
export function earlyOutput(
  world: Pick<World, "argv" | "environment" | "stdout" | "stderr">,
  name = "",
): Output {
  const { argv, environment } = world;
  const isQuiet = argv.includes("--quiet") || argv.includes("-q");
  const level = isQuiet ? "quiet" : "normal";
  return createOutput(world, environment, name, { json: argv.includes("--json"), level, color: true });
}

function tellUsageError(world: World, program: CommandUnknownOpts, { message }: CommanderError): void {
  const name =
    program.commands.map((command) => command.name()).find((known) => known === world.argv[0]) ?? "";
  const what = message.replace(/^error: /, "").replaceAll("\n", " ");
  const help = `For help, run: sf-image-store ${name === "" ? "" : `${name} `}--help`;
  earlyOutput(world, name).failure(
    { code: "usage", exitCode: exitCode.usage, kind: "usage", message: what, remedy: help, details: {} },
    `${what}\n${help}`,
  );
}

async function performWork(world: World, command: CommandUnknownOpts, work: Work): Promise<ExitCode> {
  const { environment, argv, stdin, signal } = world;
  const output = createOutput(world, environment, fullName(command), outputChoice(command));
  world.onOutput?.(output);
  let hasChanged = false;
  try {
    const flags = connectionFlags(command);
    let ending: ExitCode = exitCode.done;
    const endWith = (code: ExitCode) => {
      ending = code;
    };
    const noteChange = () => {
      hasChanged = true;
    };
    const profile = profileFlag(command);
    await work({ output, environment, flags, profile, argv, stdin, signal, endWith, noteChange });
    return ending;
  } catch (error) {
    return await tellFailure(output, error, { isInterrupted: signal.aborted, hasChanged });
  }
}

/** Tells the error that ended a command. Returns how the process ends with it. */
export async function tellFailure(
  output: Output,
  error: unknown,
  circumstances: Circumstances,
): Promise<ExitCode> {
  const { explain } = await import("./errors/explain.js");
  const failure = explain(error, circumstances);
  output.failure(failure.document, failure.text);
  if (output.isAtLeast("debug") && error instanceof Error) output.debug(error.stack ?? error.message);
  return failure.exitCode;
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
