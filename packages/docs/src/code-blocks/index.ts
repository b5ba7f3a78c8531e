export { type CommandLine, readAllCommandLines } from "./command-lines.js";
export { type CodeBlock, readAllCodeBlocks } from "./read-code-blocks.js";
