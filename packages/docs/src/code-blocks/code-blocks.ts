import { readFileSync } from "node:fs";
import { join } from "node:path";
import MarkdownIt from "markdown-it";
import { parseAllDocuments } from "yaml";
import { findMarkdown } from "../pages.js";

export interface CodeBlock {
  /** Relative to the repository. */
  readonly file: string;
  /** Of the first line of code, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** Why nobody checks it, from `<!-- unchecked: reason -->` in front of it. */
  readonly unchecked: string | undefined;
}

/** Every block of code that people read in this project. */
export function readAllCodeBlocks(root: string): readonly CodeBlock[] {
  return findMarkdown(root).flatMap((file) => readCodeBlocks(file, readFileSync(join(root, file), "utf8")));
}

export function readCodeBlocks(file: string, markdown: string): readonly CodeBlock[] {
  const tokens = markdownParser.parse(markdown, {});
  return tokens.flatMap((token, index) => {
    if (token.type !== "fence" && token.type !== "code_block") return [];
    const before = tokens[index - 1]?.content ?? "";
    const [, unchecked] = /^<!-- unchecked: (.+) -->\s*$/.exec(before) ?? [];
    const line = (token.map?.[0] ?? 0) + (token.type === "fence" ? 2 : 1);
    return [{ file, line, language: token.info.trim(), code: token.content, unchecked }];
  });
}

/** What stands between single backticks. */
export function readInlineCode(markdown: string): readonly string[] {
  return markdownParser
    .parse(markdown, {})
    .flatMap(({ children }) => children ?? [])
    .filter(({ type }) => type === "code_inline")
    .map(({ content }) => content);
}

const markdownParser = new MarkdownIt({ html: true });

export interface CommandLine {
  /** Where it stands, for people. */
  readonly place: string;
  readonly words: readonly string[];
}

/** Every command that people are told to type: in shell blocks, in the scripts of pipelines, and of our own also in texts. */
export function readAllCommandLines(root: string): readonly CommandLine[] {
  const blocks = readAllCodeBlocks(root).filter(({ unchecked }) => unchecked === undefined);
  const inTexts = findMarkdown(root).flatMap((file) =>
    inlineCommandLines(file, readFileSync(join(root, file), "utf8")),
  );
  return [...blocks.flatMap(commandLinesOf), ...inTexts];
}

/** What stands between backticks and begins like one of our commands. */
function inlineCommandLines(place: string, markdown: string): readonly CommandLine[] {
  return readInlineCode(markdown)
    .filter((code) => /^(sf-image-store|pnpm|npm) [a-z]/.test(code))
    .flatMap(splitCommands)
    .map((words) => ({ place, words }));
}

function commandLinesOf(block: CodeBlock): readonly CommandLine[] {
  const place = `${block.file}:${block.line}`;
  return scriptsOf(block)
    .flatMap(splitCommands)
    .map((words) => ({ place, words }));
}

function scriptsOf({ language, code }: CodeBlock): readonly string[] {
  if (language === "sh") return [code];
  return language === "yaml" ? parseAllDocuments(code).flatMap((document) => scriptsIn(document.toJS())) : [];
}

/** The steps of GitHub Actions say `run`, those of Azure Pipelines `script` and `inlineScript`. */
function scriptsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === "string" && ["run", "script", "inlineScript"].includes(name)
      ? [member]
      : scriptsIn(member),
  );
}

/** Quoted texts, comments, redirections, what GitHub Actions fills in, what stands between commands, and words. */
const token = /'([^']*)'|"([^"]*)"|#.*|>\s*\S+|\$\{\{.*?\}\}|<\(|&&|[|;()\n]|[^\s'"|;()]+(?:\([^)]*\))?/g;

/** The words of each command of a script, as a shell splits them. Variables stay as they are. */
export function splitCommands(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [text, single, double] of script.replaceAll("\\\n", " ").matchAll(token)) {
    if (/^[#>]/.test(text)) continue;
    if (/^(<\(|&&|[|;()\n])$/.test(text)) commands.push([]);
    else commands.at(-1)?.push(single ?? double ?? text);
  }
  return commands.filter((words) => words.length > 0);
}
