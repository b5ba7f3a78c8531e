import { InvalidInputError } from "../errors/errors.js";

export type Endpoint = string | URL;

/** The endpoints in the form that URL templates are appended to, each once. Throws InvalidInputError. */
export function readEndpoints(option: Endpoint | readonly Endpoint[]): readonly [string, ...string[]] {
  const given = typeof option === "string" || option instanceof URL ? [option] : option;
  if (!Array.isArray(given)) throw new InvalidInputError("endpoint", "must be a URL or a list of URLs");
  const [first, ...more] = new Set(given.map(baseUrl));
  if (first === undefined) throw new InvalidInputError("endpoint", "must hold at least one URL");
  // A list that falls back from https to http would send in the clear what was meant to be secret.
  if (more.some((other) => new URL(other).protocol !== new URL(first).protocol)) {
    throw new InvalidInputError("endpoint", "must not mix http:// and https://");
  }
  return [first, ...more];
}

function baseUrl(endpoint: Endpoint): string {
  const url = parse(endpoint);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidInputError("endpoint", `must start with http:// or https://, not with ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidInputError("endpoint", "must not contain a user name or password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new InvalidInputError("endpoint", "must not have a query or a fragment");
  }
  return url.href.replace(/\/+$/, "");
}

function parse(endpoint: Endpoint): URL {
  try {
    return new URL(endpoint);
  } catch {
    // The text may hold a password, so neither it nor the parser's error, which repeats it, is passed on.
    throw new InvalidInputError("endpoint", "must be a URL such as http://localhost:19080");
  }
}
