import type { UploadError } from "@sf-image-store/client/node";
import { oneLine } from "../output/one-line.js";
import { countText, elapsedText, sizeText } from "../output/units.js";
import type { LocalSource } from "./source.js";
import type { Uploaded } from "./transfer.js";

/** How much it is: `214 files, 1.20 GiB`. */
export function extentText(source: LocalSource): string {
  const size = sizeText(source.totalBytes);
  return source.kind === "file" ? size : `${countText(source.content.files.length, "file")}, ${size}`;
}

export function doneText({ kind, storePath, files, totalBytes, ...rest }: Uploaded): string {
  const { durationMs, resumedBytes, verified } = rest;
  const count = kind === "file" ? "" : `${countText(files, "file")}, `;
  if (rest.alreadyThere) {
    const where = `${oneLine(storePath)} is already there, with the same content`;
    return `${where}: ${count}${sizeText(totalBytes)}. Nothing was sent.`;
  }
  const what = `${count}${sizeText(totalBytes)} in ${elapsedText(durationMs)}`;
  const resumed = resumedBytes === 0 ? "" : `; ${sizeText(resumedBytes)} were there already`;
  const doubt = verified ? "" : ", not verified";
  return `${oneLine(storePath)} is in the image store: ${what}${resumed}${doubt}.`;
}

/** What is left to say besides the result. */
export function remarks({ deletedPaths, sessionsLeft, storePath }: Uploaded): readonly string[] {
  const deleted = `Deleted what was at ${oneLine(storePath)}: ${countText(deletedPaths, "path")}.`;
  const left = `${countText(sessionsLeft, "upload session")} could not be deleted; the cluster drops them within half an hour.`;
  return [...(deletedPaths === 0 ? [] : [deleted]), ...(sessionsLeft === 0 ? [] : [left])];
}

/** What Ctrl+C leaves behind, and how to go on. */
export function stoppedText({ totals }: UploadError, command: string): string {
  const { committedBytes, totalBytes } = totals;
  const safe =
    committedBytes === 0
      ? "Nothing has arrived yet."
      : `${sizeText(committedBytes)} of ${sizeText(totalBytes)} have arrived; the cluster keeps them for about 30 minutes.`;
  return `Stopped. ${safe}\nTo go on where it was:\n  ${command}`;
}
