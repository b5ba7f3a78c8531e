/** They say how bytes go over one connection: that is this side's business, and a second opinion would break the framing. */
const ownedByConnection = [
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** A copy of the caller's headers. Throws TypeError. */
export function readHeaders(given: RequestInit["headers"]): Headers {
  const headers = new Headers(given);
  for (const name of ownedByConnection) {
    if (headers.has(name))
      throw new TypeError(`The header ${name} belongs to the connection: it cannot be set`);
  }
  return headers;
}
