import { type Agent, request } from "node:http";
import { onTestFinished } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../src/index.js";

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Shares connections between requests. Default: one connection each. */
  readonly agent?: Agent;
}

export interface Received {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** `Code` of an error body. */
  readonly code: string | undefined;
  /** `Message` of an error body. */
  readonly message: string | undefined;
}

export const session1 = "11111111-2222-3333-4444-555555555555";
export const session2 = "22222222-2222-3333-4444-555555555555";
export const version = "api-version=6.0";

/** An emulator that stops when the running test ends. */
export async function emulatorForTest(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator(options);
  onTestFinished(() => emulator.close());
  return emulator;
}

/** Sends a request whose URL reaches the server as it stands here, dots and double slashes included. */
export function send(
  { endpoint }: Pick<Emulator, "endpoint">,
  method: string,
  url: string,
  sent: Sent = {},
): Promise<Received> {
  const { hostname, port } = new URL(endpoint);
  const { body, agent = false } = sent;
  // Node states no length of its own for the body of a DELETE.
  const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
  const headers =
    sent.headers?.["Transfer-Encoding"] === undefined ? { ...length, ...sent.headers } : sent.headers;
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path: url, headers, agent }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const { statusCode = 0, statusMessage = "" } = incoming;
        const text = Buffer.concat(pieces).toString("utf8");
        resolve({
          status: statusCode,
          reason: statusMessage,
          headers: incoming.headers,
          text,
          ...readError(text),
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Sends a chunk. Without `range`, no Content-Range header. */
export function sendChunk(
  emulator: Emulator,
  chunk: { path?: string; id?: string; range?: string | undefined; body?: string | Buffer },
): Promise<Received> {
  const { path = "App/a.txt", id = session1, range, body = "" } = chunk;
  const headers: Record<string, string> = range === undefined ? {} : { "Content-Range": range };
  return send(emulator, "PUT", `/ImageStore/${path}/$/UploadChunk?${version}&session-id=${id}`, {
    headers,
    body,
  });
}

export function getSession(emulator: Emulator, id = session1): Promise<Received> {
  return send(emulator, "GET", `/ImageStore/$/GetUploadSession?${version}&session-id=${id}`);
}

export function commit(emulator: Emulator, id = session1): Promise<Received> {
  return send(emulator, "POST", `/ImageStore/$/CommitUploadSession?${version}&session-id=${id}`);
}

export function deleteSession(emulator: Emulator, id = session1): Promise<Received> {
  return send(emulator, "DELETE", `/ImageStore/$/DeleteUploadSession?${version}&session-id=${id}`);
}

/** The gaps of the one session in an answer, as `["0-9", "20-29"]`. */
export function expectedRanges({ text }: Received): string[] {
  const [only] = JSON.parse(text).UploadSessions;
  return only.ExpectedRanges.map(
    (range: { StartPosition: string; EndPosition: string }) => `${range.StartPosition}-${range.EndPosition}`,
  );
}

function readError(text: string): Pick<Received, "code" | "message"> {
  if (!text.startsWith('{"Error"')) return { code: undefined, message: undefined };
  const { Error: error } = JSON.parse(text);
  return { code: error.Code, message: error.Message };
}
