/** Removes control characters: names and messages come from untrusted files, and must not reach a terminal or break log lines. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** A workflow command of GitHub Actions that annotates a line of a file. */
export function githubAnnotation(
  severity: string,
  properties: Readonly<Record<string, string>>,
  text: string,
): string {
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  const head = list.length === 0 ? severity : `${severity} ${list.join(",")}`;
  return `::${head}::${escapeData(text)}`;
}

function escapeData(text: string): string {
  return printable(text).replaceAll("%", "%25");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
