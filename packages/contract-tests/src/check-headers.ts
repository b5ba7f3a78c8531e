import { escapePart } from "@sf-image-store/scripts/spec";
import type { HeaderContract } from "./contract.js";
import { readTexts } from "./text-form.js";
import { isMembers, shown, type Violation } from "./violation.js";

/**
 * Holds the headers of an answer to those that are declared. In an example file others are an error, as other properties
 * are: whoever writes one down means a header of the API. Real answers have headers of the protocol and of proxies as well.
 */
export function checkHeaders(
  declared: readonly HeaderContract[],
  headers: unknown,
  pointer: string,
  isReal: boolean,
): Violation[] {
  const given = headers ?? {};
  if (!isMembers(given)) return [{ pointer, message: "expected an object with the headers by name" }];
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const missing = declared
    .filter(({ name, required }) => required && !names.has(name.toLowerCase()))
    .map(({ name }) => ({ pointer, message: `expected the header ${shown(name)}, which is missing` }));
  const wrong = Object.entries(given).flatMap(([name, value]): Violation[] => {
    const place = `${pointer}/${escapePart(name)}`;
    const header = declared.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!isText(value)) return [{ pointer: place, message: `expected a text, got ${shown(value)}` }];
    if (header !== undefined) return header.check(readTexts(header.form, [String(value)]), place);
    // The content says it: documents never declare this one.
    if (isReal || name.toLowerCase() === "content-type") return [];
    const known = declared.map((each) => each.name).join(", ") || "no header";
    return [{ pointer: place, message: `expected nothing of this name: the answer declares ${known}` }];
  });
  return [...missing, ...wrong];
}

/** Examples write the text of a number as that number. */
function isText(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
