import { readFileSync } from "node:fs";
import { join } from "node:path";
import MarkdownIt from "markdown-it";
import { findMarkdown } from "../site/pages.js";

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
