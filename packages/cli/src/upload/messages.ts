import {
  type FileProgress,
  type InvalidInputError,
  isInvalidInputError,
  isUploadError,
  type UploadError,
} from "@sf-image-store/client/node";
import type { Cli } from "../connection/cli.js";
import { Interruption, UsageError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { resumeOf } from "../output/hints.js";
import { countText, elapsedText, sizeText } from "../output/units.js";
import type { LocalSource } from "./source.js";
import type { Uploaded } from "./transfer.js";

/** Formats the extent of an upload: `214 files, 1.20 GiB`. */
export function extentText(source: LocalSource): string {
  const size = sizeText(source.totalBytes);
  return source.kind === "file" ? size : `${countText(source.content.files.length, "file")}, ${size}`;
}

export function completedText({ kind, storePath, files, totalBytes, ...rest }: Uploaded): string {
  const { durationMs, resumedBytes, verified } = rest;
  const count = kind === "file" ? "" : `${countText(files, "file")}, `;
  if (rest.alreadyThere) {
    const where = `${oneLine(storePath)} is already in the image store with the same content`;
    return `${where}: ${count}${sizeText(totalBytes)}. Nothing was sent.`;
  }
  const what = `${count}${sizeText(totalBytes)} in ${elapsedText(durationMs)}`;
  const resumed = resumedBytes === 0 ? "" : `; resumed with ${sizeText(resumedBytes)} already uploaded`;
  const { copiedFiles, copiedBytes } = rest;
  const copied =
    copiedFiles === 0
      ? ""
      : `; ${countText(copiedFiles, "file")} (${sizeText(copiedBytes)}) copied inside the cluster, ${files - copiedFiles} sent`;
  const notVerified = verified ? "" : ", not verified";
  return `${oneLine(storePath)} is in the image store: ${what}${copied}${resumed}${notVerified}.`;
}

/** Messages about deleted paths and remaining sessions. */
export function cleanupMessages({ deletedPaths, sessionsLeft, storePath }: Uploaded): readonly string[] {
  const deleted = `Deleted the old content of ${oneLine(storePath)}: ${countText(deletedPaths, "path")}.`;
  const left = `Could not delete ${countText(sessionsLeft, "upload session")}. The cluster deletes them within 30 minutes.`;
  return [...(deletedPaths === 0 ? [] : [deleted]), ...(sessionsLeft === 0 ? [] : [left])];
}

/** Maximum number of upload sessions to list after Ctrl+C. */
const shownSessions = 5;

/** The message after Ctrl+C, with the command to resume, and the sessions that the cluster keeps. */
function interruptedText(
  { totals }: UploadError,
  command: string,
  sessions: readonly FileProgress[],
): string {
  const { committedBytes, totalBytes } = totals;
  const safe =
    committedBytes === 0
      ? "Nothing was uploaded yet."
      : `${sizeText(committedBytes)} of ${sizeText(totalBytes)} were uploaded. The cluster keeps them for about 30 minutes.`;
  const more = sessions.length - shownSessions;
  return [
    `Stopped. ${safe}`,
    ...(sessions.length === 0 ? [] : ["Upload sessions (see sf-image-store session --help):"]),
    ...sessions
      .slice(0, shownSessions)
      .map(({ sessionId, storePath }) => `  ${sessionId}  ${oneLine(storePath)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    "To resume, run:",
    `  ${command}`,
  ].join("\n");
}

/** Rewrites the client's input errors in terms of flags, with one line per rejected path. */
export function translateInputError(error: unknown): unknown {
  if (!isInvalidInputError(error)) return error;
  const { message } = error;
  const translated = message
    .replace(/^destination (?=.* already contains)/s, "")
    .replace(
      /^destination (.*) (is a folder that contains .* would be deleted\.) Pass replace: true.*$/s,
      "$1 $2 To put the source into the folder, end the destination with a slash: $1/\nTo overwrite the folder, pass --replace.",
    )
    .replace("Pass replace: true to overwrite it.", "Pass --replace to overwrite it, or choose another path.")
    .replace(/^base (?=cannot be used: )/, "--base ")
    .replace(/ differs from the old content(?=[:.] )/, " differs from --base-dir")
    .replace(
      /Use the content that was uploaded there, or upload without base/,
      "Pass the directory that was uploaded there, or upload without --base",
    )
    .replace(/, or upload without base/, ", or upload without --base")
    .replace(
      /^base requires verify, .*?\. /,
      "--base cannot be used with --no-verify, because only the listing can prove a copy. ",
    )
    .replace(/^base requires the fingerprint "content".*?\. /, "--base requires --fingerprint content. ")
    .replace(/^base must not overlap the destination/, "--base must not overlap the destination")
    .replace(/^base has a file that/, "--base-dir has a file that")
    .replace(/^(content|directory|archive) has/, "The package has")
    .replace(/^archive must be/, "The archive must be")
    .replace(/^source must be a file that can be read, and (.*) is not: /s, "Cannot read $1: ")
    .replace(/^source must be/, "The source must be")
    .replace(/^destination (?=contains)/, "The destination ")
    .replaceAll(": set the client's gatewayPlatform", "")
    // Names are quoted, and quotation marks within them are escaped.
    .replace(': "', ':\n  "')
    .replaceAll('; "', '\n  "')
    .replace(/\.? Nothing was sent\.$/, ".\nNothing was sent.");
  return new UsageError(translated + selectionHint(error), { cause: error });
}

function selectionHint({ message, parameter }: InvalidInputError): string {
  if (parameter === "directory" && / is a symbolic link(?! t)/.test(message))
    return "\nTo upload the targets of links, pass --follow-symlinks. To leave paths out, pass --exclude.";
  const hints = [
    ...(message.includes("gatewayPlatform")
      ? ["Pass --gateway-platform windows or --gateway-platform linux."]
      : []),
    ...(message.includes("that cannot be uploaded") ? ["To leave paths out, pass --exclude."] : []),
  ];
  return hints.length === 0 ? "" : `\n${hints.join(" ")}`;
}

/** Adds to an upload that was interrupted how to resume it. Returns any other error unchanged. */
export function asInterruption(
  { signal, argv, environment }: Cli,
  storePath: string,
  open: readonly FileProgress[],
  error: unknown,
): unknown {
  if (!signal.aborted || !isUploadError(error)) return error;
  const resume = resumeOf(argv, environment);
  const { committedBytes, totalBytes } = error.totals;
  const sessions = open.map(({ sessionId, storePath: path, ...file }) => ({
    ...{ sessionId, storePath: path, committedBytes: file.committedBytes, totalBytes: file.totalBytes },
  }));
  const details = { storePath, committedBytes, totalBytes, sessions, resume };
  return new Interruption(interruptedText(error, resume.command, open), details, { cause: error });
}
