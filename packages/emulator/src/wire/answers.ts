import type { ServerResponse } from "node:http";

/** The response to one request. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** The code for the log: `OK`, `NoContent`, or the code of the error. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Writes the body of a response that has no known length, and ends it or not, in place of `body`. */
  readonly stream?: (response: ServerResponse) => void;
}

/** The parts of an error response. */
export interface ErrorContent {
  readonly status: number;
  readonly reason: string;
  readonly code: string;
  readonly message: string;
}

const noBody = Buffer.alloc(0);

/** Sent with every response of a handler, even if the body is empty (protocol §1.6). */
const jsonHeaders = {
  "Content-Type": "application/json; charset=utf-8",
  "X-Content-Type-Options": "nosniff",
} as const;

export function okAnswer(): Answer {
  return { status: 200, reason: "OK", code: "OK", headers: jsonHeaders, body: noBody };
}

/** The cluster has accepted the work, or has created something. Without a body. */
export function acceptedAnswer(status: 201 | 202): Answer {
  const [reason, code] = status === 201 ? ["Created", "Created"] : ["Accepted", "Accepted"];
  return { status, reason, code, headers: jsonHeaders, body: noBody };
}

export function noContentAnswer(): Answer {
  return { status: 204, reason: "No Content", code: "NoContent", headers: jsonHeaders, body: noBody };
}

/** The response if there is no listing: only a status. From 6.2 on, there is no content type either (protocol §1.3). */
export function bodilessAnswer(status: 204 | 404, apiVersion: number): Answer {
  const found = status === 204 ? noContentAnswer() : unknownRootAnswer();
  return { ...found, headers: apiVersion >= 6.2 ? {} : jsonHeaders };
}

export function jsonAnswer(value: unknown): Answer {
  return { ...okAnswer(), body: wireBytes(wireJson(value)) };
}

export function errorAnswer(error: ErrorContent): Answer {
  const body = wireBytes(wireJson({ Error: { Code: error.code, Message: error.message } }));
  const headers = error.status === 401 ? { ...jsonHeaders, "WWW-Authenticate": "Bearer" } : jsonHeaders;
  return { status: error.status, reason: error.reason, code: error.code, headers, body };
}

/** The response of the HTTP layer if no service is registered for the first segment: without JSON (protocol §1.2). */
export function unknownRootAnswer(): Answer {
  return { status: 404, reason: "Not Found", code: "NotFound", headers: {}, body: noBody };
}

/** Redirects a browser to another path. */
export function redirectAnswer(location: string): Answer {
  const reason = "Moved Permanently";
  return { status: 301, reason, code: "MovedPermanently", headers: { Location: location }, body: noBody };
}

/** Only a status and a reason phrase, sent before any handler runs, and without a content type. */
export function clientCertificateRequiredAnswer(isFinal: boolean): Answer {
  const headers = isFinal ? { Connection: "close" } : {};
  const reason = "Client certificate required";
  return { status: 403, reason, code: "ClientCertificateRequired", headers, body: noBody };
}

export function send(response: ServerResponse, answer: Answer, method: string): void {
  if (answer.stream !== undefined && method !== "HEAD") {
    response.writeHead(answer.status, answer.reason, answer.headers);
    answer.stream(response);
    return;
  }
  // A 204 must not have a length. All other responses have one, so that they are not chunked.
  const length = answer.status === 204 ? {} : { "Content-Length": String(answer.body.length) };
  // An interrupted request was not read to its end, so the connection cannot be reused.
  if (answer.code === "E_ABORT") response.shouldKeepAlive = false;
  response.writeHead(answer.status, answer.reason, { ...answer.headers, ...length });
  // Even an empty chunk would take a second write.
  response.end(method === "HEAD" || answer.body.length === 0 ? undefined : answer.body);
}

/** JSON as the cluster writes it: without white space, and with `/` as `\/` (protocol §1.6). */
function wireJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("/", "\\/");
}

/**
 * The bytes of a text. The cluster writes a character outside the BMP as two 3-byte sequences, one per UTF-16 unit, which is
 * not valid UTF-8 (protocol §1.6, §7 row 19).
 */
function wireBytes(text: string): Buffer {
  const pieces = text.split(/([\ud800-\udfff])/);
  return Buffer.concat(
    pieces.map((piece, index) => (index % 2 === 0 ? Buffer.from(piece) : surrogateBytes(piece))),
  );
}

function surrogateBytes(unit: string): Buffer {
  const value = unit.charCodeAt(0);
  return Buffer.from([0xe0 | (value >> 12), 0x80 | ((value >> 6) & 0x3f), 0x80 | (value & 0x3f)]);
}
