import { isInvalidInputError, type UploadError } from "@sf-image-store/client/node";
import { UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import type { Environment } from "../output/output.js";
import { countText, elapsedText, sizeText } from "../output/units.js";
import type { LocalSource, Uploaded } from "./transfer.js";

/** How much it is: `214 files, 1.20 GiB`. */
export function extentText(source: LocalSource): string {
  const size = sizeText(source.totalBytes);
  return source.kind === "file" ? size : `${countText(source.content.files.length, "file")}, ${size}`;
}

export function doneText({ kind, storePath, files, totalBytes, ...rest }: Uploaded): string {
  const { durationMs, resumedBytes, verified } = rest;
  const count = kind === "file" ? "" : `${countText(files, "file")}, `;
  if (rest.alreadyThere) {
    const where = `${oneLine(storePath)} is already in the image store with the same content`;
    return `${where}: ${count}${sizeText(totalBytes)}. Nothing was sent.`;
  }
  const what = `${count}${sizeText(totalBytes)} in ${elapsedText(durationMs)}`;
  const resumed = resumedBytes === 0 ? "" : `; resumed with ${sizeText(resumedBytes)} already uploaded`;
  const doubt = verified ? "" : ", not verified";
  return `${oneLine(storePath)} is in the image store: ${what}${resumed}${doubt}.`;
}

/** What is left to say besides the result. */
export function remarks({ deletedPaths, sessionsLeft, storePath }: Uploaded): readonly string[] {
  const deleted = `Deleted the old content of ${oneLine(storePath)}: ${countText(deletedPaths, "path")}.`;
  const left = `Could not delete ${countText(sessionsLeft, "upload session")}. The cluster deletes them within 30 minutes.`;
  return [...(deletedPaths === 0 ? [] : [deleted]), ...(sessionsLeft === 0 ? [] : [left])];
}

/** What Ctrl+C leaves behind, and how to go on. */
export function stoppedText({ totals }: UploadError, command: string): string {
  const { committedBytes, totalBytes } = totals;
  const safe =
    committedBytes === 0
      ? "Nothing was uploaded yet."
      : `${sizeText(committedBytes)} of ${sizeText(totalBytes)} were uploaded. The cluster keeps them for about 30 minutes.`;
  return `Stopped. ${safe}\nTo resume, run:\n  ${command}`;
}

/** What the client says of its own options, in words of this command line; one line for each path it refuses. */
export function inWordsOfFlags(error: unknown): unknown {
  if (!isInvalidInputError(error)) return error;
  const { message } = error;
  const told = message
    .replace(/^destination (?=.* already contains)/s, "")
    .replace(
      "Pass replace: true to overwrite it.",
      "Pass --replace to overwrite it, or choose another path with --to.",
    )
    .replace(/^(content|directory) has/, "The package has")
    .replace(/^source must be a file that can be read, and (.*) is not: /s, "Cannot read $1: ")
    .replace(/^source must be/, "The source must be")
    .replaceAll("set the client's gatewayPlatform", "pass --gateway-platform")
    // Names stand in quotation marks, and have none of their own without a backslash before it.
    .replace(': "', ':\n  "')
    .replaceAll('; "', '\n  "')
    .replace(/\.? Nothing was sent\.$/, ".\nNothing was sent.");
  return new UsageError(told, { cause: error });
}

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
