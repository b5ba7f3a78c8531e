/** Control characters, and characters without a shape of their own: bidirectional overrides, zero-width characters, separators. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text that may hold foreign names and messages, made harmless for terminals and for the logs of CI services. Line breaks
 * and tabs stay: see `oneLine` for a name that must not begin a line. Applies everywhere, as a program in a container is
 * not told that a CI service reads its log. Escaping twice changes nothing.
 */
export function escapeText(text: string): string {
  return text
    .replaceAll(unseen, (character) =>
      character === "\n" || character === "\t" ? character : spelled(character),
    )
    .replaceAll(/##(?=[a-z]*\[)/gi, "#\\x23")
    .replaceAll(/^([^\S\n]*):(?=:)/gm, "$1\\x3a")
    .replaceAll(/:(?=:[a-z][^\n]*?::)/gi, "\\x3a");
}

/** The same for a document, which keeps its value: JSON has escapes of its own. */
export function escapeJson(document: object): string {
  return JSON.stringify(document).replaceAll(unseen, unitsOf).replaceAll(/##|::/g, unitsOf);
}

function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}

/** UTF-16 units as JSON escapes them. */
function unitsOf(text: string): string {
  return text.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A name that may hold line breaks, for a list of names: a line of it must not look like another name. */
export function oneLine(name: string): string {
  return escapeText(name.replaceAll("\n", "\\n").replaceAll("\t", "\\t"));
}
