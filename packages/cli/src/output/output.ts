import { createColors } from "picocolors";
import type { Environment } from "../connection/environment.js";
import type { Level, OutputChoice } from "./choice.js";
import { groupLines, issueLine, type Pipeline, pipelineOf, withoutCommands } from "./pipeline.js";
import { printable } from "./printable.js";

/** Where text goes. Standard output is for results alone. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** What a command says, in the form that was asked for. */
export interface Output {
  readonly json: boolean;
  readonly pipeline: Pipeline | undefined;
  /** Whether the terminal can be drawn on: a person looks, and nothing else is asked for. */
  readonly isDrawn: boolean;
  /** Where to draw, if `isDrawn`. */
  readonly terminal: NodeJS.WriteStream;
  readonly colors: ReturnType<typeof createColors>;
  isAtLeast(level: Level): boolean;
  /** The one result: a document for programs, text for people. */
  result(document: object, text: string): void;
  /** One line of a result that has no end. */
  resultLine(line: string): void;
  /** Something on the way, one event for programs. Silent under `--quiet`. */
  note(text: string, event?: object): void;
  /** The same for `--verbose`, and for `--debug`. */
  detail(text: string, event?: object): void;
  debug(text: string, event?: object): void;
  warn(text: string): void;
  /** The one error that ends the command. */
  failure(document: object, text: string): void;
  /** Lines that a CI service may fold. */
  group(title: string): { end(): void };
  /** Text as it is, to be drawn over by the next. */
  draw(text: string): void;
}

const order: readonly Level[] = ["quiet", "normal", "verbose", "debug"];

export function createOutput(
  { stdout, stderr }: Streams,
  environment: Environment,
  command: string,
  { json, level, color }: OutputChoice,
): Output {
  const pipeline = json ? undefined : pipelineOf(environment);
  const isAtLeast = (wanted: Level) => order.indexOf(level) >= order.indexOf(wanted);
  const isColored = color && !json && stderr.isTTY && !environment["NO_COLOR"];
  const colors = createColors(isColored);
  const line = (text: string) => void stderr.write(`${text}\n`);
  const event = (kind: string, members: object) => line(JSON.stringify({ event: kind, ...members }));
  const say = (wanted: Level, text: string, members: object | undefined) => {
    if (!isAtLeast(wanted)) return;
    if (json) event(wanted === "debug" ? "debug" : "note", { text, ...members });
    else line(wanted === "normal" ? printable(text) : colors.dim(printable(text)));
  };
  return {
    json,
    pipeline,
    colors,
    terminal: stderr,
    isDrawn:
      stderr.isTTY && !json && pipeline === undefined && level !== "quiet" && environment["TERM"] !== "dumb",
    isAtLeast,
    result(document, text) {
      if (json) stdout.write(`${JSON.stringify({ ok: true, command, result: document })}\n`);
      else if (text !== "")
        stdout.write(`${pipeline === undefined ? printable(text) : withoutCommands(printable(text))}\n`);
    },
    resultLine: (text) => void stdout.write(`${text}\n`),
    note: (text, members) => say("normal", text, members),
    detail: (text, members) => say("verbose", text, members),
    debug: (text, members) => say("debug", text, members),
    warn(text) {
      if (json) event("warning", { text });
      else if (pipeline !== undefined) line(issueLine(pipeline, "warning", text));
      else line(`${colors.yellow("Warning:")} ${printable(text)}`);
    },
    failure(document, text) {
      if (json) stdout.write(`${JSON.stringify({ ok: false, command, error: document })}\n`);
      else if (pipeline !== undefined) line(issueLine(pipeline, "error", text));
      else line(`${colors.red("Error:")} ${printable(text)}`);
    },
    group(title) {
      const lines = pipeline === undefined || !isAtLeast("normal") ? undefined : groupLines(pipeline, title);
      if (lines !== undefined) line(lines[0]);
      return { end: () => (lines === undefined ? undefined : line(lines[1])) };
    },
    draw: (text) => void stderr.write(text),
  };
}
