import { readFileSync } from "node:fs";
import { join } from "node:path";
import MarkdownIt from "markdown-it";
import { parseAllDocuments } from "yaml";
import { findMarkdown } from "../pages.js";

export interface CodeBlock {
  /** Relative to the repository. */
  readonly file: string;
  /** The line number of the first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The reason why it is not checked, from `<!-- unchecked: reason -->` in front of it. */
  readonly unchecked: string | undefined;
}

/** All code blocks in the documentation. */
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

/** The code between single backticks. */
export function readInlineCode(markdown: string): readonly string[] {
  return markdownParser
    .parse(markdown, {})
    .flatMap(({ children }) => children ?? [])
    .filter(({ type }) => type === "code_inline")
    .map(({ content }) => content);
}

const markdownParser = new MarkdownIt({ html: true });

export interface CommandLine {
  /** The file and, for a code block, the line. For messages. */
  readonly place: string;
  readonly words: readonly string[];
}

/** All commands in the documentation: in shell blocks, in scripts of pipelines, and our own commands also within texts. */
export function readAllCommandLines(root: string): readonly CommandLine[] {
  const blocks = readAllCodeBlocks(root).filter(({ unchecked }) => unchecked === undefined);
  const inTexts = findMarkdown(root).flatMap((file) =>
    inlineCommandLines(file, readFileSync(join(root, file), "utf8")),
  );
  return [...blocks.flatMap(commandLinesOf), ...inTexts];
}

/** Inline code that starts like one of our commands. */
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

/** GitHub Actions use `run` for scripts, Azure Pipelines `script` and `inlineScript`. */
function scriptsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    typeof member === "string" && ["run", "script", "inlineScript"].includes(name)
      ? [member]
      : scriptsIn(member),
  );
}

/** Quoted texts, comments, redirections, expressions of GitHub Actions, separators of commands, and words. */
const token = /'([^']*)'|"([^"]*)"|#.*|>\s*\S+|\$\{\{.*?\}\}|<\(|&&|[|;()\n]|[^\s'"|;()]+(?:\([^)]*\))?/g;

/** Splits a script into the words of its commands, like a shell. Variables are not expanded. */
export function splitCommands(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [text, single, double] of script.replaceAll("\\\n", " ").matchAll(token)) {
    if (/^[#>]/.test(text)) continue;
    if (/^(<\(|&&|[|;()\n])$/.test(text)) commands.push([]);
    else commands.at(-1)?.push(single ?? double ?? text);
  }
  return commands.filter((words) => words.length > 0);
}
