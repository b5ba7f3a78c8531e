import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { findMarkdown } from "../site/pages.js";
import { type CodeBlock, readAllCodeBlocks, readInlineCode } from "./read-code-blocks.js";

export interface CommandLine {
  /** Where it stands, for people. */
  readonly place: string;
  readonly words: readonly string[];
}

/** Every command that people are told to type: in shell blocks, in the scripts of pipelines, and of our own also in texts. */
export function readAllCommandLines(root: string): readonly CommandLine[] {
  const blocks = readAllCodeBlocks(root).filter(({ unchecked }) => unchecked === undefined);
  const inTexts = findMarkdown(root).flatMap((file) =>
    readInlineCode(readFileSync(join(root, file), "utf8"))
      .filter((code) => /^(sf-image-store|pnpm|npm) [a-z]/.test(code))
      .map((code) => ({ place: file, words: splitWords(code) })),
  );
  return [...blocks.flatMap(commandLinesOf), ...inTexts];
}

function commandLinesOf(block: CodeBlock): readonly CommandLine[] {
  const place = `${block.file}:${block.line}`;
  return scriptsOf(block)
    .flatMap((script) => script.split(/\n|&&/))
    .map(splitWords)
    .filter((words) => words.length > 0)
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

/** The words of a line as a shell splits it. Variables stay as they are; a comment and redirections go. */
export function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  for (const [text, single, double] of line.matchAll(
    /'([^']*)'|"([^"]*)"|#.*$|>\s*\S+|\$\{\{.*?\}\}|[^\s'"]+/g,
  )) {
    if (text.startsWith("#") || text.startsWith(">")) continue;
    words.push(single ?? double ?? text);
  }
  return words;
}
