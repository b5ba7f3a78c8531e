import { createColors } from "picocolors";
import { escapeJson, escapeText } from "./escape.js";

/** How much is said besides results and errors. */
export type Level = "quiet" | "normal" | "verbose" | "debug";

/** What the command line asks for. */
export interface OutputChoice {
  readonly json: boolean;
  readonly level: Level;
  readonly color: boolean;
}

/** A stream that may be a terminal. */
export type TextStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Where text goes. Standard output is for results alone. */
export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

/**
 * What a command says, in the form that was asked for. This is the one place that prints: texts and documents may hold
 * foreign names and messages, all of which are escaped here. The program's own commands to a CI service are methods.
 */
export interface Output {
  readonly json: boolean;
  readonly pipeline: Pipeline | undefined;
  /** Whether the terminal can be drawn on: a person looks, and nothing else is asked for. */
  readonly isDrawn: boolean;
  /** Where bars are drawn, if `isDrawn`. Text for it has to go through `oneLine`. */
  readonly terminal: TextStream;
  isAtLeast(level: Level): boolean;
  /** The one result: a document for programs, text for people. */
  result(document: object, text: string): void;
  /** A part of a result that has no end: lines for people, or a document on one line. */
  resultPart(part: string | object): void;
  /** The result could not be written to standard output. */
  resultLost(reason: string): void;
  /** Something on the way, one event for programs. Silent under `--quiet`. */
  note(text: string, event?: object): void;
  warn(text: string, event?: object): void;
  /** The same for `--verbose`, and for `--debug`. */
  detail(text: string, event?: object): void;
  debug(text: string, event?: object): void;
  /** The one error that ends the command. */
  failure(document: object, text: string): void;
  /** Lines that a CI service may fold. */
  group(title: string): { end(): void };
  /** Moves the bar that a CI service draws, if it has one. */
  stepProgress(percent: number, what: string): void;
  /** A question on the terminal, to be answered on its line. */
  ask(question: string): void;
  /** Replaces the line of the terminal that the cursor is on. */
  redraw(line: string): void;
  /** Leaves the line that was drawn. */
  endLine(): void;
}

const order: readonly Level[] = ["quiet", "normal", "verbose", "debug"];
/** Back to the start of the line, which is made empty. */
const overLine = "\r\u001b[2K";

export function createOutput(
  { stdout, stderr }: Streams,
  environment: Environment,
  command: string,
  { json, level, color }: OutputChoice,
): Output {
  const pipeline = json ? undefined : pipelineOf(environment);
  const isAtLeast = (wanted: Level) => order.indexOf(level) >= order.indexOf(wanted);
  const isColored = color && !json && stderr.isTTY === true && !environment["NO_COLOR"];
  const colors = createColors(isColored);
  const line = (text: string) => void stderr.write(`${text}\n`);
  const event = (kind: string, members: object) => line(escapeJson({ event: kind, ...members }));
  const say = (wanted: Level, text: string, members: object | undefined) => {
    if (!isAtLeast(wanted)) return;
    if (json) event(wanted === "debug" ? "debug" : "note", { text, ...members });
    else line(wanted === "normal" ? escapeText(text) : colors.dim(escapeText(text)));
  };
  const issue = (kind: "warning" | "error", label: string, text: string) =>
    line(pipeline === undefined ? `${label} ${escapeText(text)}` : issueLine(pipeline, kind, text));
  const tellService = (text: string | undefined) => {
    if (text !== undefined && isAtLeast("normal")) line(text);
  };
  return {
    json,
    pipeline,
    terminal: stderr,
    isDrawn:
      stderr.isTTY === true &&
      !json &&
      pipeline === undefined &&
      level !== "quiet" &&
      environment["TERM"] !== "dumb",
    isAtLeast,
    result(document, text) {
      if (json) stdout.write(`${escapeJson({ ok: true, command, result: document })}\n`);
      else if (text !== "") stdout.write(`${escapeText(text)}\n`);
    },
    resultPart: (part) =>
      void stdout.write(`${typeof part === "string" ? escapeText(part) : escapeJson(part)}\n`),
    resultLost(reason) {
      const text = `Cannot write the result: ${reason}`;
      if (json) event("error", { text });
      else issue("error", colors.red("Error:"), text);
    },
    note: (text, members) => say("normal", text, members),
    warn(text, members) {
      if (!isAtLeast("normal")) return;
      if (json) event("warning", { text, ...members });
      else issue("warning", colors.yellow("Warning:"), text);
    },
    detail: (text, members) => say("verbose", text, members),
    debug: (text, members) => say("debug", text, members),
    failure(document, text) {
      if (json) stdout.write(`${escapeJson({ ok: false, command, error: document })}\n`);
      else issue("error", colors.red("Error:"), text);
    },
    group(title) {
      const [begin, end] = pipeline === undefined ? [] : groupLines(pipeline, title);
      tellService(begin);
      return { end: () => tellService(end) };
    },
    stepProgress: (percent, what) =>
      tellService(pipeline === undefined ? undefined : progressLine(pipeline, percent, what)),
    ask: (question) => void stderr.write(escapeText(question)),
    redraw: (text) => void stderr.write(overLine + escapeText(text)),
    endLine: () => void stderr.write("\n"),
  };
}

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The CI service that runs this process and understands commands in its log. */
export type Pipeline = "github" | "azure";

function pipelineOf({ GITHUB_ACTIONS, TF_BUILD }: Environment): Pipeline | undefined {
  if (GITHUB_ACTIONS === "true") return "github";
  return TF_BUILD?.toLowerCase() === "true" ? "azure" : undefined;
}

/** A line that the service shows as a warning or an error of the step. */
function issueLine(pipeline: Pipeline, kind: "warning" | "error", text: string): string {
  return pipeline === "github"
    ? `::${kind}::${dataOf(pipeline, text)}`
    : `##vso[task.logissue type=${kind}]${dataOf(pipeline, text)}`;
}

/** Lines between which the service folds what is printed. */
function groupLines(pipeline: Pipeline, title: string): readonly [begin: string, end: string] {
  const name = dataOf(pipeline, title);
  return pipeline === "github" ? [`::group::${name}`, "::endgroup::"] : [`##[group]${name}`, "##[endgroup]"];
}

/** Azure Pipelines draws a bar of its own; GitHub Actions has none. */
function progressLine(pipeline: Pipeline, percent: number, what: string): string | undefined {
  if (pipeline === "github") return undefined;
  return `##vso[task.setprogress value=${Math.floor(percent)};]${dataOf(pipeline, what)}`;
}

/** Foreign text must neither end the command nor hold another. */
function dataOf(pipeline: Pipeline, text: string): string {
  const percent = pipeline === "github" ? "%25" : "%AZP25";
  return escapeText(text).replaceAll("%", percent).replaceAll("\n", "%0A");
}
