import { oneLine } from "./escape.js";

/** npm sets the variable in what it runs. */
interface NpmEnvironment {
  readonly npm_command?: string | undefined;
}

/** A command in one of our sentences, after a colon. The group only matches if the command connects to a cluster. */
const hint =
  /(?<=: |:\n {2})sf-image-store (?:((?:app|session|type) [a-z]+|doctor|du|info|ls|prune|rm|stat|verify)(?![a-z-]| --help)|(?=[a-z]))/g;

/**
 * Completes the commands that a message tells users to run, so that they can be pasted: adds the connection options of the
 * current command line.
 * @param connection The options and their values, for example `["--profile", "prod"]`.
 */
export function completeHints(
  text: string,
  connection: readonly string[],
  environment: NpmEnvironment,
  platform: NodeJS.Platform = process.platform,
): string {
  const options = connection.map(quoterFor(platform));
  return text.replaceAll(hint, (_, command: string | undefined) => {
    const words = command === undefined ? [""] : [command, ...options];
    return [programFor(environment), ...words].join(" ");
  });
}

/** How to run a command again that goes on where it stopped, for users and for programs. */
export interface Resume {
  /** Quoted for the shell. */
  readonly command: string;
  readonly arguments: readonly string[];
}

export function resumeOf(argv: readonly string[], environment: NpmEnvironment): Resume {
  return { command: quoteCommandLine(argv, environment), arguments: argv };
}

/** A name in a command that a message tells users to run, quoted for the shell. */
export function quoteName(name: string, platform: NodeJS.Platform = process.platform): string {
  return oneLine(quoterFor(platform)(name));
}

/** The command line, quoted for the shell. */
export function quoteCommandLine(
  argv: readonly string[],
  environment: NpmEnvironment,
  platform: NodeJS.Platform = process.platform,
): string {
  const quote = quoterFor(platform);
  return [programFor(environment), ...argv.map(quote)].join(" ");
}

/** With npx, the program may not be installed. */
function programFor({ npm_command }: NpmEnvironment): string {
  return npm_command === "exec" ? "npx sf-image-store" : "sf-image-store";
}

function quoterFor(platform: NodeJS.Platform): (argument: string) => string {
  return platform === "win32" ? quoteForWindows : quoteForPosix;
}

function quoteForPosix(argument: string): string {
  // Zsh replaces `=name` by the path of a program.
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(argument)) return argument;
  // Control characters need $'…' quoting, which all common shells support.
  if (/\p{Cc}/u.test(argument)) return `$'${argument.replaceAll(/['\\\p{Cc}]/gu, escapeCharacter)}'`;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

function escapeCharacter(character: string): string {
  if (character === "'" || character === "\\") return `\\${character}`;
  // Shells take `\x` as a byte.
  return Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

/**
 * Quotes for both PowerShell and cmd. PowerShell expands `$` and backticks in double quotes, and cmd does not
 * support single quotes.
 */
function quoteForWindows(argument: string): string {
  if (/^[\w%+=:./\\-]+$/.test(argument)) return argument;
  if (/[$`]/.test(argument)) return `'${argument.replaceAll("'", "''")}'`;
  // Backslashes before a quotation mark, including the closing one, must be doubled.
  return `"${argument.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
}
