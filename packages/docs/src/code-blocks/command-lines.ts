import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { findMarkdown } from "../site/pages.js";
import { type CodeBlock, readAllCodeBlocks, readInlineCode } from "./read-code-blocks.js";
import { splitCommands } from "./split-commands.js";

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
