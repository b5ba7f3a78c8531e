import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import {
  connectionArguments,
  connectionFlags,
  outputOptions,
  profileFlag,
  wantsJson,
} from "./command-line/global-options.js";
import { commands, insteadOf, otherOptions } from "./commands/index.js";
import type { InputStream, Work } from "./connection/cli.js";
import { type ExitCode, exitCode, type FailureContext } from "./errors/errors.js";
import { resumeOf } from "./output/hints.js";
import type { Environment } from "./output/output.js";
import { createOutput, type Output, type Streams } from "./output/output.js";
import { createProgram, moveGlobalOptions } from "./program.js";

/** The process that a command runs in. */
export interface ProcessContext extends Streams {
  readonly argv: readonly string[];
  readonly environment: Environment;
  readonly stdin: InputStream;
  /** Aborted by the first Ctrl+C. */
  readonly signal: AbortSignal;
  /** Called with the command's output once it is known, so that the process can print through it. */
  onOutput?(output: Output): void;
}

/** Runs a command line. Reports all expected errors and returns the exit code. Rejects only for bugs. */
export async function run(context: ProcessContext): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const perform = async (command: CommandUnknownOpts, work: Work) => {
    code = await runCommand(context, command, work);
  };
  const argv = moveGlobalOptions(context.argv);
  const program = await createProgram(commandsToLoad(argv), perform, context);
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCode.done : exitCode.usage;
    // Commander has already printed the help.
    if (code !== exitCode.done && error.code !== "commander.help")
      reportUsageError({ ...context, argv }, program, error);
  }
  return code;
}

/** The output before the command line is parsed. Respects `--json` and `--quiet` at any position. */
export function createEarlyOutput(
  context: Pick<ProcessContext, "argv" | "environment" | "stdout" | "stderr">,
  name = "",
): Output {
  const { argv, environment } = context;
  const isQuiet = argv.includes("--quiet") || argv.includes("-q");
  const level = isQuiet ? "quiet" : "normal";
  return createOutput(context, environment, name, { json: wantsJson(argv), level, color: true });
}

function reportUsageError(
  context: ProcessContext,
  program: CommandUnknownOpts,
  { code, message }: CommanderError,
): void {
  const name =
    program.commands.map((command) => command.name()).find((known) => known === context.argv[0]) ?? "";
  const [, unknown = ""] = /^error: unknown (?:command|option) '(.*?)'/s.exec(message) ?? [];
  const instead =
    code === "commander.unknownOption"
      ? otherOptions[unknown]
      : name === "" && code === "commander.unknownCommand"
        ? insteadOf(unknown)
        : undefined;
  const plain = instead === undefined ? message : message.replace(/\s*\(Did you mean .*\)$/s, "");
  const what = plain.replace(/^error: /, "").replaceAll("\n", " ");
  const help = `For help, run: sf-image-store ${name === "" ? "" : `${name} `}--help`;
  const remedy = instead === undefined ? help : `${instead}\n${help}`;
  const document = {
    code: "usage",
    exitCode: exitCode.usage,
    kind: "usage",
    message: what,
    remedy,
    details: {},
  };
  createEarlyOutput(context, name).failure(document, `${what}\n${remedy}`);
}

async function runCommand(
  context: ProcessContext,
  command: CommandUnknownOpts,
  work: Work,
): Promise<ExitCode> {
  const { environment, argv, stdin, signal } = context;
  const options = { ...(await outputOptions(command)), connection: connectionArguments(command) };
  const output = createOutput(context, environment, fullName(command), options);
  context.onOutput?.(output);
  let maybeChanged = false;
  try {
    // Stopped while the program was loading.
    signal.throwIfAborted();
    const flags = connectionFlags(command);
    let ending: ExitCode = exitCode.done;
    const setExitCode = (code: ExitCode) => {
      ending = code;
    };
    const markChanged = () => {
      maybeChanged = true;
    };
    const profile = profileFlag(command);
    await work({ output, environment, flags, profile, argv, stdin, signal, setExitCode, markChanged });
    return ending;
  } catch (error) {
    const isInterrupted = signal.aborted;
    const canResume = commands[fullName(command)]?.canResume === true;
    const resume = canResume ? resumeOf(argv, environment) : undefined;
    return await reportFailure(output, error, { isInterrupted, maybeChanged, resume });
  } finally {
    output.status(undefined);
  }
}

/** Reports the error that ended a command, and returns the exit code. */
export async function reportFailure(
  output: Output,
  error: unknown,
  circumstances: FailureContext,
): Promise<ExitCode> {
  const { explain } = await import("./errors/explain.js");
  const failure = explain(error, circumstances);
  output.failure(failure.document, failure.text);
  if (output.isAtLeast("debug") && error instanceof Error) output.debug(error.stack ?? error.message);
  return failure.exitCode;
}

/** The first word is the command. For `__complete`, it is the first of the words before the one to complete. */
function commandsToLoad(argv: readonly string[]): readonly string[] {
  const [first = "", second = "", ...words] = argv;
  if (first === "help") return [second];
  if (first !== "__complete") return [first];
  return [first, moveGlobalOptions(words.slice(0, Number(second)))[0] ?? ""];
}

function fullName(command: CommandUnknownOpts): string {
  const parent = command.parent;
  return parent?.parent ? `${parent.name()} ${command.name()}` : command.name();
}
