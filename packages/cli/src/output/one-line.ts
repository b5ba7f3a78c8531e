import { escapeText } from "./escape.js";

/** A name that may hold line breaks, for a list of names: a line of it must not look like another name. */
export function oneLine(name: string): string {
  return escapeText(name.replaceAll("\n", "\\n").replaceAll("\t", "\\t"));
}
