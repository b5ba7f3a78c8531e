/** They say how bytes go over one connection: that is this side's business, and a second opinion would break the framing. */
const ownedByConnection = new Set([
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
]);

export interface OutgoingHeaders {
  /** Names in lower case; without the length. */
  readonly list: [name: string, value: string][];
  /** What a `content-length` header says. */
  readonly announced: number | undefined;
}

/** A copy of the caller's headers, and what fetch adds to them. Throws TypeError. */
export function readHeaders(given: RequestInit["headers"]): OutgoingHeaders {
  const list: OutgoingHeaders["list"] = [];
  let announced: number | undefined;
  for (const header of new Headers(given)) {
    const [name, value] = header;
    if (ownedByConnection.has(name)) {
      throw new TypeError(`The header ${name} belongs to the connection: it cannot be set`);
    }
    if (name === "content-length") announced = readLength(value);
    else list.push(header);
  }
  if (!hasHeader(list, "accept")) list.push(["accept", "*/*"]);
  return { list, announced };
}

export function hasHeader(list: OutgoingHeaders["list"], name: string): boolean {
  return list.some((header) => header[0] === name);
}

function readLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new TypeError("The content-length header must be a number of bytes");
  return Number(value);
}
