import { printable } from "./printable.js";

/** A name that may hold line breaks, for a list of names: a line of it must not look like another name, or a command. */
export function oneLine(name: string): string {
  return printable(name.replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("##vso[", "#\\x23vso["));
}
