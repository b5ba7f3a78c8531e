import { join } from "node:path";
import ts from "typescript";
import type { CodeBlock } from "./code-blocks.js";

/**
 * Compiles code blocks as separate modules of one program, with the compiler options of `configFile`.
 * @returns The errors, one line each, with their position in the Markdown file.
 */
export function compileBlocks(blocks: readonly CodeBlock[], configFile: string): readonly string[] {
  const folder = join(configFile, "..");
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configFile, ts.sys.readFile).config,
    ts.sys,
    folder,
  );
  const files = new Map(blocks.map((block, index) => [join(folder, `block-${index}.ts`), block]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name)?.code ?? readFile(name);
  host.getSourceFile = (name, target, ...rest) => {
    const block = files.get(name);
    return block === undefined
      ? getSourceFile(name, target, ...rest)
      : ts.createSourceFile(name, block.code, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files].flatMap(([name, block]) => {
    const source = program.getSourceFile(name);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((each) => describe(block, each));
  });
}

function describe({ file, line, code }: CodeBlock, { start = 0, messageText }: ts.Diagnostic): string {
  const row = line + code.slice(0, start).split("\n").length - 1;
  return `${file}:${row}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
}
