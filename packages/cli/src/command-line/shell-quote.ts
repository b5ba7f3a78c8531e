import type { Environment } from "../connection/environment.js";

/** This command line, as it can be typed again. */
export function typedCommand(
  argv: readonly string[],
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): string {
  const quote = platform === "win32" ? quoteForWindows : quoteForPosix;
  // npx may not have installed it.
  const program = environment["npm_command"] === "exec" ? "npx sf-image-store" : "sf-image-store";
  return [program, ...argv.map(quote)].join(" ");
}

function quoteForPosix(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument;
  // What a terminal cannot show has to be spelled; shells know this form but for the smallest.
  if (/\p{Cc}/u.test(argument)) return `$'${argument.replaceAll(/['\\\p{Cc}]/gu, spelled)}'`;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

function spelled(character: string): string {
  if (character === "'" || character === "\\") return `\\${character}`;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** For PowerShell and cmd alike. PowerShell replaces `$` and backticks between double quotes, and cmd does not know single ones. */
function quoteForWindows(argument: string): string {
  if (/^[\w%+=:./\\-]+$/.test(argument)) return argument;
  if (/[$`]/.test(argument)) return `'${argument.replaceAll("'", "''")}'`;
  // Backslashes count double before a quotation mark, the last one included.
  return `"${argument.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
}
