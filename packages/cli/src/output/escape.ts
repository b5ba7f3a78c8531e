/**
 * Control characters, and invisible characters such as bidirectional overrides, zero-width characters and
 * separators.
 */
const invisibleCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Escapes external text for terminals and for logs of CI services. Keeps line breaks and tabs; use `oneLine` for
 * names that must not start a line. Always applies, because a program in a container cannot know that a CI service
 * reads its log. Idempotent.
 */
export function escapeText(text: string): string {
  return text
    .replaceAll(invisibleCharacters, (character) =>
      character === "\n" || character === "\t" ? character : escapeCharacter(character),
    )
    .replaceAll(/##(?=[a-z]*\[)/gi, "#\\x23")
    .replaceAll(/^([^\S\n]*):(?=:)/gm, "$1\\x3a")
    .replaceAll(/:(?=:[a-z][^\n]*?::)/gi, "\\x3a");
}

/** Serializes a document with JSON escapes, so that its value stays the same. */
export function escapeJson(document: object): string {
  return JSON.stringify(document).replaceAll(invisibleCharacters, unitsOf).replaceAll(/##|::/g, unitsOf);
}

/** Serializes a string for YAML with escapes, so that its value stays the same. */
export function escapeYamlString(text: string): string {
  const codePoint = (piece: string) =>
    [...piece].map((one) => `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`).join("");
  return JSON.stringify(text).replaceAll(invisibleCharacters, codePoint).replaceAll(/##|::/g, codePoint);
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}

/** Escapes each UTF-16 code unit as in JSON. */
function unitsOf(text: string): string {
  return text.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Escapes a name, including line breaks, so that one name cannot look like two in a list. */
export function oneLine(name: string): string {
  return escapeText(name.replaceAll("\n", "\\n").replaceAll("\t", "\\t"));
}
