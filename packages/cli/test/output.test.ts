import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { type Shell, scripts } from "../src/completion/scripts.js";
import { oneLine } from "../src/output/escape.js";
import { createOutput, type Level, type Output } from "../src/output/output.js";
import { startProgress } from "../src/output/progress.js";
import { table } from "../src/output/table.js";

const esc = "\u001b";
const hostile: Readonly<Record<string, string>> = {
  "a command to Azure Pipelines": "MyApp/x##vso[task.setvariable variable=PATH]evil",
  "one in capitals, behind more marks": "###VSO[task.complete]done",
  "a format of Azure Pipelines, which GitHub Actions knows as commands": "x ##[add-path]/evil",
  "a command that invisible characters part": "#\u00ad#\u200bv\u2060so[task.complete]",
  "a command to GitHub Actions": "::add-path::/evil",
  "one behind blanks": " \t::stop-commands::token",
  "one on a line of its own": "x\n::error file=a,line=1::not mine\n##vso[task.complete]",
  "one in the middle of a line": "name ::set-output name=a::b",
  "one that a carriage return and separators begin": "x\r::error::a\u2028::error::b\u0085::error::c",
  "too many colons": ":::::warning::::x",
  "sequences of terminals": `${esc}[2J${esc}]0;title\u0007\u009b31m\b\u007f`,
  "overrides of the direction": "gpj\u202e.exe\u2066a\u2069\u061c\u200f",
  "characters without width": "a\u200bb\u200dc\ufeffd\u{e0041}\u180e\u3164",
};
const services: readonly Record<string, string>[] = [{ TF_BUILD: "True" }, { GITHUB_ACTIONS: "true" }, {}];

/** A method of the output, and how it is called with a text from outside. A new method does not compile without a row. */
const calls: Record<
  Exclude<MethodOf<Output>, "isAtLeast" | "withHints">,
  (output: Output, text: string) => void
> = {
  result: (output, text) => output.result({ path: text }, `At ${text}`),
  resultPart: (output, text) => output.resultPart(output.json ? { path: text } : `At ${text}`),
  reportLostResult: (output, text) => output.reportLostResult(text),
  note: (output, text) => output.note(text, { path: text }),
  warn: (output, text) => output.warn(text, { path: text }),
  detail: (output, text) => output.detail(text, { path: text }),
  debug: (output, text) => output.debug(text, { path: text }),
  failure: (output, text) => output.failure({ message: text }, text),
  group: (output, text) => output.group(text).end(),
  stepProgress: (output, text) => output.stepProgress(50, text),
  uploadSummary: (output, text) => output.uploadSummary(text),
  status: (output, text) => output.status(text),
  ask: (output, text) => output.ask(text),
  redraw: (output, text) => output.redraw(text),
  endLine: (output) => output.endLine(),
};
type MethodOf<T> = { [K in keyof T]: T[K] extends (...given: never[]) => unknown ? K : never }[keyof T];

function outputFor(environment: Record<string, string>, json: boolean, level: Level = "debug") {
  const written = { text: "" };
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  stream.on("data", (piece: Buffer) => {
    written.text += piece.toString("utf8");
  });
  const choice = { json, level, color: false };
  // A status is drawn at once.
  const every = (_: number, tick: () => void) => {
    tick();
    return () => {};
  };
  const clock = { now: () => 0, every };
  return {
    output: createOutput({ stdout: stream, stderr: stream }, environment, "ls", choice, clock),
    written,
  };
}

/** What the program itself has to say to a service, at the beginning of a line. */
const own =
  /^(##vso\[task\.(logissue type=(error|warning)|setprogress value=50;|uploadsummary)\]|##\[(end)?group\]|::(error|warning|group|endgroup)::)/;

/** What a service or a terminal may take for a command, read as they do: not by the expressions of the program. */
function commandsIn(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const rest = line.replace(own, "").replace(`\r${esc}[2K`, "");
    const isCommand =
      /##(vso)?\[/i.test(rest) || rest.trimStart().startsWith("::") || /::[a-z-]+( [^:]*)?::/i.test(rest);
    const isUnseen = /[^\P{Cc}\t]|[\p{Cf}\p{Zl}\p{Zp}\u3164]/u.test(rest);
    return isCommand || isUnseen ? [line] : [];
  });
}

describe.each(services)("in the environment %j", (environment) => {
  describe.each(Object.entries(calls))("%s", (_, call) => {
    it.each(Object.entries(hostile))("tells %s as text that does nothing", (_, text) => {
      const { output, written } = outputFor(environment, false);
      call(output, text);
      expect(commandsIn(written.text)).toEqual([]);
    });

    it.each(Object.entries(hostile))("tells %s as JSON of the same value, which does nothing", (_, text) => {
      const { output, written } = outputFor(environment, true);
      call(output, text);
      // Nothing is drawn with --json, nor said to a service.
      if (call === calls.ask || call === calls.redraw || call === calls.endLine || written.text === "")
        return;
      expect(written.text).not.toMatch(/##|::|[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(JSON.stringify(JSON.parse(written.text))).toContain(JSON.stringify(text).slice(1, -1));
    });
  });
});

it("does not change other text", () => {
  const { output, written } = outputFor({ GITHUB_ACTIONS: "true" }, false);
  const plain = "Grüße/文件/a#b##c/x::y\nhttps://[fe80::a:1]:19080\nhttps://[::1]:1 100 %\nC# [##] 🙂";
  output.result({}, plain);
  expect(written.text).toBe(`${plain}\n`);
});

it("uses JSON escapes in JSON", () => {
  const { output, written } = outputFor({}, true);
  output.resultPart({ a: "x##vso[y ::z\u202e\u{e0041}" });
  expect(written.text).toBe('{"a":"x\\u0023\\u0023vso[y \\u003a\\u003az\\u202e\\udb40\\udc41"}\n');
});

it.each(Object.keys(scripts) as readonly Shell[])("prints the script for %s unchanged", (shell) => {
  const { output, written } = outputFor({}, false);
  output.result({}, scripts[shell].trimEnd());
  expect(written.text).toBe(scripts[shell]);
});

it("prints each row of a table on one line, whatever it contains", () => {
  const text = table([["a\nkeep  Fake/", "b\t\u202ec"]], ["left", "left"]);
  expect(text).toBe("a\\nkeep  Fake/  b\\t\\u202ec");
  expect(oneLine(oneLine("a\nb\\"))).toBe(oneLine("a\nb\\"));
});

it("escapes names in progress bars", async () => {
  const { output, written } = outputFor({}, false, "normal");
  const name = `evil${esc}[2J\n::x::`;
  const every = () => () => {};
  const shown = await startProgress(output, name, new AbortController().signal, { now: () => 0, every });
  const bytes = {
    totalBytes: 10,
    committedBytes: 5,
    sentBytes: 5,
    sendingBytes: 0,
    resumedBytes: 0,
    copiedBytes: 0,
  };
  const file = {
    ...bytes,
    storePath: `${name}/a`,
    phase: "sending",
    hashedBytes: 10,
    sessionId: undefined,
  } as const;
  shown.onProgress({ ...bytes, files: { total: 2, committed: 1 }, file });
  shown.end(false);
  expect(written.text).toContain("evil\\x1b");
  expect(written.text).not.toContain(`${esc}[2J`);
});

describe("color", () => {
  const warn = (
    environment: Record<string, string>,
    more: { isTTY?: boolean; color?: boolean; hasColors?: boolean } = {},
  ) => {
    const { isTTY = true, color = true, hasColors = true } = more;
    let written = "";
    const stream = Object.assign(new PassThrough(), { isTTY, hasColors: () => hasColors });
    stream.on("data", (piece: Buffer) => (written += piece.toString("utf8")));
    const output = createOutput({ stdout: stream, stderr: stream }, environment, "ls", {
      json: false,
      level: "normal",
      color,
    });
    output.warn("x");
    return written.includes(`${esc}[`);
  };

  it("is used on a terminal that has it", () => {
    expect(warn({})).toBe(true);
    expect(warn({ TERM: "dumb" })).toBe(false);
    expect(warn({}, { hasColors: false })).toBe(false);
    expect(warn({}, { isTTY: false })).toBe(false);
  });

  it("is forced by FORCE_COLOR, and disabled by NO_COLOR and --no-color", () => {
    expect(warn({ FORCE_COLOR: "1" }, { isTTY: false })).toBe(true);
    expect(warn({ FORCE_COLOR: "" }, { isTTY: false })).toBe(true);
    expect(warn({ FORCE_COLOR: "0" })).toBe(false);
    expect(warn({ FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
    expect(warn({ FORCE_COLOR: "1" }, { color: false })).toBe(false);
  });
});

describe("quiet", () => {
  it("prints only results and errors", () => {
    const { output, written } = outputFor({}, false, "quiet");
    output.note("a");
    output.warn("b");
    output.detail("c");
    expect(written.text).toBe("");
    output.result({}, "d");
    output.failure({ message: "e" }, "e");
    expect(written.text).toBe("d\nError: e\n");
  });
});
