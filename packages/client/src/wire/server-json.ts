/**
 * The text of an answer. Servers write a character outside the basic plane as its two surrogates, three bytes each, which
 * is not UTF-8 (protocol §1.6): a plain decoder would put replacement characters into names, silently.
 */
export function decodeServerText(bytes: Uint8Array<ArrayBuffer>): string {
  const parts: string[] = [];
  const decoder = new TextDecoder();
  let done = 0;
  for (let at = bytes.indexOf(0xed); at >= 0 && at + 5 < bytes.length; at = bytes.indexOf(0xed, at + 1)) {
    const high = surrogate(bytes, at, 0xa0);
    const low = surrogate(bytes, at + 3, 0xb0);
    if (high === undefined || low === undefined) continue;
    parts.push(decoder.decode(bytes.subarray(done, at)), String.fromCharCode(high, low));
    done = at + 6;
    at += 5;
  }
  return [...parts, decoder.decode(bytes.subarray(done))].join("");
}

/** The surrogate whose three bytes stand at a place; `second` is the least second byte of its half. */
function surrogate(bytes: Uint8Array, at: number, second: number): number | undefined {
  const [first = 0, middle = 0, last = 0] = bytes.subarray(at, at + 3);
  if (first !== 0xed || middle < second || middle > second + 0x0f || (last & 0xc0) !== 0x80) return undefined;
  return 0xd000 | ((middle & 0x3f) << 6) | (last & 0x3f);
}

/** JSON text that every parser takes: servers write U+000B as `\v`, which is not JSON (protocol §1.6). */
export function repairServerJson(text: string): string {
  // Escapes are taken in pairs: the backslash of a path such as `App\v1` stands there as two.
  return text.replaceAll(/\\([\s\S])/g, (pair, letter: string) => (letter === "v" ? "\\u000b" : pair));
}
