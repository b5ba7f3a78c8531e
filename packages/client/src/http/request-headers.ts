import { InvalidInputError } from "../errors/errors.js";
import type { ClientOptions } from "./options.js";

/** Headers that every request has, all of which can be sent. Throws InvalidInputError without repeating a value. */
export function readHeaders({
  headers = {},
  clusterId,
  credential,
}: ClientOptions): Readonly<Record<string, string>> {
  // Entries of a Headers object or a Map are no properties, and would be left out without a word.
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    throw new InvalidInputError("headers", "must be an object with a text for each name");
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!canBeSent(name, value)) {
      throw new InvalidInputError(
        "headers",
        `has a name or value that cannot be sent, for ${JSON.stringify(name)}`,
      );
    }
  }
  if (credential !== undefined) refuseBeside("credential", "Authorization", headers);
  if (clusterId === undefined) return headers;
  refuseBeside("clusterId", "ClusterId", headers);
  return { ...headers, ClusterId: requireClusterId(clusterId) };
}

function canBeSent(name: string, value: string): boolean {
  try {
    new Headers([[name, value]]);
    return true;
  } catch {
    return false;
  }
}

/** Two of a kind would be joined to one that is neither. */
function refuseBeside(option: string, name: string, headers: Readonly<Record<string, string>>): void {
  if (Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw new InvalidInputError("headers", `must not have ${name} beside the option ${option}`);
  }
}

/** Mostly a GUID, but a cluster may be called anything. An empty one would not be compared (protocol §1.6). */
function requireClusterId(clusterId: string): string {
  if (typeof clusterId === "string" && /^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(clusterId)) return clusterId;
  throw new InvalidInputError(
    "clusterId",
    "must be text of printable ASCII characters, without blanks at its ends",
  );
}
