import { InvalidInputError } from "./errors.js";

/**
 * A store path as it stands in a URL: every segment percent-encoded on its own, the slashes between them kept.
 *
 * Refused, because a server would silently take it for something else (protocol §1.2, §5.2, §5.3): the empty path, empty
 * segments (they collapse), `.` and `..` (URL parsers remove them), a segment that is just `$` (reserved), `%` and `#`
 * (Windows gateways decode twice, so `100%41` would become `100A` and `a#b` would become `a`), control characters, and
 * text that is not valid Unicode.
 */
export function encodeStorePath(storePath: unknown): string {
  if (typeof storePath !== "string" || storePath === "")
    throw new InvalidInputError("storePath", "must not be empty");
  return storePath
    .split("/")
    .map((segment) => {
      const reason = refusal(segment);
      if (reason !== undefined) {
        throw new InvalidInputError("storePath", `${reason}, got ${JSON.stringify(storePath)}`);
      }
      return encodeURIComponent(segment);
    })
    .join("/");
}

function refusal(segment: string): string | undefined {
  if (segment === "") return "must be names joined by single slashes, without one at either end";
  if (segment === "." || segment === "..") return "must not contain . or .. as a name";
  if (segment === "$") return "must not contain a name that is just $, which servers reserve";
  if (/[%#]/.test(segment)) return "must not contain % or #, which Windows gateways turn into other names";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  if (/[\u0000-\u001f\u007f]/.test(segment)) return "must not contain control characters";
  if (/\p{Surrogate}/u.test(segment)) return "must be valid Unicode";
  return undefined;
}
