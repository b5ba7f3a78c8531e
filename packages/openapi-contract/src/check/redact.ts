import { isObject, type JsonObject, objectAt, stringAt } from "../document/json.js";

/** Stands in recordings for what was removed. */
export const removed = "[removed]";
const removedInUrl = encodeURIComponent(removed);

const secretHeaders = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/**
 * Whole names, not parts of them: `ContinuationToken` is no secret, and without it a recording could not be checked.
 */
const secretName =
  /^(.*[-_.])?((access|id|refresh|auth|bearer|session|security|sas|csrf|xsrf)[-_.]?token|token|jwt|sig|signature|password|passwd|pwd|passphrase|secret|(client|shared|app)[-_.]?secret|api[-_.]?key|(access|account|private|subscription|functions)[-_.]?key|credentials?)$/i;

/** A JSON Web Token, wherever it stands. */
const token = /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;

/** Removes credentials from what is recorded and reported. */
export class Redactor {
  readonly #names: ReadonlySet<string>;

  /** Beside what is always secret: the API keys that the documents declare. */
  constructor(...documents: readonly JsonObject[]) {
    const schemes = documents.flatMap((document) =>
      Object.values(objectAt(objectAt(document, "components"), "securitySchemes")),
    );
    const keys = schemes.filter(isObject).filter(({ type }) => type === "apiKey");
    this.#names = new Set(keys.map((scheme) => (stringAt(scheme, "name") ?? "").toLowerCase()));
  }

  isSecret(name: string): boolean {
    return (
      this.#names.has(name.toLowerCase()) || secretHeaders.has(name.toLowerCase()) || secretName.test(name)
    );
  }

  header(name: string, value: string): string {
    if (this.isSecret(name)) return removed;
    const isUrl = ["location", "content-location", "referer"].includes(name.toLowerCase());
    return isUrl ? this.url(value) : this.text(value);
  }

  /** A URL without user, password, and the values of secret parameters. What stays is as it was written. */
  url(url: string): string {
    const [beforeFragment = ""] = url.split("#");
    const start = beforeFragment.indexOf("?");
    const path = start < 0 ? beforeFragment : beforeFragment.slice(0, start);
    const query = start < 0 ? "" : `?${this.pairs(beforeFragment.slice(start + 1))}`;
    return path.replace(/^([\w+.-]+:)?\/\/[^/@]*@/, "$1//").replaceAll(token, removedInUrl) + query;
  }

  /** The pairs of a query or of a form. */
  pairs(text: string): string {
    const shown = text.split("&").map((pair) => {
      const [name = ""] = pair.split("=", 1);
      return pair.includes("=") && this.isSecret(decoded(name)) ? `${name}=${removedInUrl}` : pair;
    });
    return shown.join("&").replaceAll(token, removedInUrl);
  }

  /** The text of a body. Numbers and spaces stay as they are, so that a recording shows what was really sent. */
  body(text: string, contentType: string): string {
    if (contentType.includes("urlencoded")) return this.pairs(text);
    const members = /("((?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)/g;
    return this.text(
      text.replaceAll(members, (whole: string, start: string, name: string) =>
        this.isSecret(name) ? `${start}"${removed}"` : whole,
      ),
    );
  }

  text(text: string): string {
    return text.replaceAll(token, removed);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
