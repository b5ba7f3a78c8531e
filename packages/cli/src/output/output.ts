import { createColors } from "picocolors";
import { escapeJson, escapeText } from "./escape.js";
import type { FormatResult } from "./formats.js";
import { completeHints } from "./hints.js";
import { type Clock, clearLine, StatusLine, systemClock } from "./status-line.js";

/** How much is printed in addition to results and errors. */
export type Level = "quiet" | "normal" | "verbose" | "debug";

/** The output options of the command line. */
export interface OutputOptions {
  readonly json: boolean;
  readonly level: Level;
  readonly color: boolean;
  /** Formats results instead of their text. Everything else remains text. */
  readonly format?: FormatResult | undefined;
  /** The connection options of the command line, which commands in messages repeat. @default none */
  readonly connection?: readonly string[];
}

/** A stream that may be a terminal. */
export type TextStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** @param count The number of colors. */
  hasColors?(count: number): boolean;
};

export type Colors = ReturnType<typeof createColors>;

/** The output streams. Standard output is only for results. */
export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

/**
 * The output of a command in the requested format. All printing goes through this interface, which escapes names and
 * messages from outside. Commands for CI services have their own methods.
 */
export interface Output {
  readonly json: boolean;
  readonly pipeline: Pipeline | undefined;
  /** Whether progress bars and prompts can be shown: a terminal without --json, --quiet or a CI service. */
  readonly canDraw: boolean;
  /** Where bars are drawn if `canDraw`. Text must be escaped with `oneLine`. */
  readonly terminal: TextStream;
  /** Colors for `terminal`, or functions without an effect. Other methods escape colored text. */
  readonly colors: Colors;
  isAtLeast(level: Level): boolean;
  /**
   * Prints the result: a document as JSON or in another format, or text.
   * @param list The name of the member with the entries, if the result is a list.
   */
  result(document: object, text: string, list?: string): void;
  /** Prints a part of an endless result: text, or a document on one line. */
  resultPart(part: string | object): void;
  /** Reports that the result could not be written to standard output. */
  reportLostResult(reason: string): void;
  /** Prints a message about progress, as an event with --json. Silent under `--quiet`. */
  note(text: string, event?: object): void;
  warn(text: string, event?: object): void;
  /** Like `note`, but only with `--verbose` or `--debug`. */
  detail(text: string, event?: object): void;
  debug(text: string, event?: object): void;
  /** Prints the error that ends the command. */
  failure(document: FailureMessages, text: string): void;
  /**
   * Completes commands in a text of this program, such as `To check, run: sf-image-store ls`, with the connection options of
   * the command line. For results; other methods do so.
   */
  withHints(text: string): string;
  /** Starts a group of lines that the CI service can collapse. */
  group(title: string): { end(): void };
  /** Updates the progress bar of the CI service, if it has one. */
  stepProgress(percent: number, what: string): void;
  /** Adds the Markdown file to the summary page of the run, if the CI service takes it as a command in the log. */
  uploadSummary(path: string): void;
  /** Says on a terminal what the command waits for, until the result, the error or the next status. Undefined ends it. */
  status(text: string | undefined): void;
  /** Prints a question without a line break. */
  ask(question: string): void;
  /** Replaces the current line of the terminal. */
  redraw(line: string): void;
  /** Ends the line that was drawn. */
  endLine(): void;
}

/** The parts of the document of a failure that tell users what to do. */
export interface FailureMessages {
  readonly message: string;
  readonly remedy?: string;
}

const order: readonly Level[] = ["quiet", "normal", "verbose", "debug"];

export function createOutput(
  streams: Streams,
  environment: Environment,
  command: string,
  { json, level, color, format, connection = [] }: OutputOptions,
  clock: Clock = systemClock,
): Output {
  const pipeline = json ? undefined : pipelineOf(environment);
  const isAtLeast = (wanted: Level) => order.indexOf(level) >= order.indexOf(wanted);
  const colors = createColors(color && !json && hasColors(streams.stderr, environment));
  const canDraw =
    streams.stderr.isTTY === true &&
    !json &&
    pipeline === undefined &&
    level !== "quiet" &&
    environment["TERM"] !== "dumb";
  const statusLine = new StatusLine(canDraw ? streams.stderr : undefined, colors.dim, clock);
  const stderr = {
    write(text: string) {
      statusLine.hide();
      streams.stderr.write(text);
    },
  };
  /** Results and questions end the status. */
  const atEnd = (stream: TextStream) => ({
    write(text: string) {
      statusLine.stop();
      stream.write(text);
    },
  });
  const stdout = atEnd(streams.stdout);
  const line = (text: string) => void stderr.write(`${text}\n`);
  const event = (kind: string, members: object) => line(escapeJson({ event: kind, ...members }));
  const withHints = (text: string) => completeHints(text, connection, environment);
  const writeMessage = (wanted: Level, plain: string, members: object | undefined) => {
    if (!isAtLeast(wanted)) return;
    const text = withHints(plain);
    if (json) event(wanted === "debug" ? "debug" : "note", { text, ...members });
    else line(wanted === "normal" ? escapeText(text) : colors.dim(escapeText(text)));
  };
  const issue = (kind: "warning" | "error", label: string, text: string) =>
    line(pipeline === undefined ? `${label} ${escapeText(text)}` : issueLine(pipeline, kind, text));
  const writeServiceCommand = (text: string | undefined) => {
    if (text !== undefined && isAtLeast("normal")) line(text);
  };
  return {
    json,
    pipeline,
    colors,
    terminal: streams.stderr,
    canDraw,
    isAtLeast,
    result(document, text, list) {
      if (json) stdout.write(`${escapeJson({ ok: true, command, result: document })}\n`);
      else {
        const shown = format === undefined ? text : format(document, list);
        if (shown !== "") stdout.write(`${escapeText(shown)}\n`);
      }
    },
    resultPart: (part) =>
      void stdout.write(`${typeof part === "string" ? escapeText(part) : escapeJson(part)}\n`),
    reportLostResult(reason) {
      const text = `Cannot write the result: ${reason}`;
      if (json) event("error", { text });
      else issue("error", colors.red("Error:"), text);
    },
    note: (text, members) => writeMessage("normal", text, members),
    warn(plain, members) {
      if (!isAtLeast("normal")) return;
      const text = withHints(plain);
      if (json) event("warning", { text, ...members });
      else issue("warning", colors.yellow("Warning:"), text);
    },
    detail: (text, members) => writeMessage("verbose", text, members),
    debug: (text, members) => writeMessage("debug", text, members),
    failure({ message, remedy, ...others }, text) {
      statusLine.stop();
      const error = {
        ...others,
        message: withHints(message),
        ...(remedy === undefined ? {} : { remedy: withHints(remedy) }),
      };
      if (json) stdout.write(`${escapeJson({ ok: false, command, error })}\n`);
      else issue("error", colors.red("Error:"), withHints(text));
    },
    withHints,
    group(title) {
      const [begin, end] = pipeline === undefined ? [] : groupLines(pipeline, title);
      writeServiceCommand(begin);
      return { end: () => writeServiceCommand(end) };
    },
    stepProgress: (percent, what) =>
      writeServiceCommand(pipeline === undefined ? undefined : progressLine(pipeline, percent, what)),
    uploadSummary: (path) => {
      if (pipeline === "azure") line(`##vso[task.uploadsummary]${dataOf(pipeline, path)}`);
    },
    status(text) {
      if (text === undefined) statusLine.stop();
      else statusLine.start(text);
    },
    ask: (question) => atEnd(streams.stderr).write(escapeText(question)),
    redraw: (text) => atEnd(streams.stderr).write(clearLine + escapeText(text)),
    endLine: () => atEnd(streams.stderr).write("\n"),
  };
}

/** `NO_COLOR` wins over `FORCE_COLOR`, and both over what the terminal supports. */
function hasColors(stream: TextStream, { NO_COLOR, FORCE_COLOR, TERM }: Environment): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return !/^(0|false)$/i.test(FORCE_COLOR);
  return stream.isTTY === true && TERM !== "dumb" && stream.hasColors?.(16) !== false;
}

/** The environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A CI service that interprets commands in the log. */
export type Pipeline = "github" | "azure";

function pipelineOf({ GITHUB_ACTIONS, TF_BUILD }: Environment): Pipeline | undefined {
  if (GITHUB_ACTIONS === "true") return "github";
  return TF_BUILD?.toLowerCase() === "true" ? "azure" : undefined;
}

/** A line that the CI service shows as a warning or error. */
function issueLine(pipeline: Pipeline, kind: "warning" | "error", text: string): string {
  return pipeline === "github"
    ? `::${kind}::${dataOf(pipeline, text)}`
    : `##vso[task.logissue type=${kind}]${dataOf(pipeline, text)}`;
}

/** Lines that start and end a collapsible group. */
function groupLines(pipeline: Pipeline, title: string): readonly [begin: string, end: string] {
  const name = dataOf(pipeline, title);
  return pipeline === "github" ? [`::group::${name}`, "::endgroup::"] : [`##[group]${name}`, "##[endgroup]"];
}

/** Azure Pipelines has a progress bar, GitHub Actions has none. */
function progressLine(pipeline: Pipeline, percent: number, what: string): string | undefined {
  if (pipeline === "github") return undefined;
  return `##vso[task.setprogress value=${Math.floor(percent)};]${dataOf(pipeline, what)}`;
}

/** Escapes text so that it can neither end the CI command nor contain another. */
function dataOf(pipeline: Pipeline, text: string): string {
  const percent = pipeline === "github" ? "%25" : "%AZP25";
  return escapeText(text).replaceAll("%", percent).replaceAll("\n", "%0A");
}
