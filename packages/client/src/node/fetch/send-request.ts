import type { Connection, Connections, Target } from "./connections.js";
import { TransportError } from "./options.js";
import type { Route } from "./proxy.js";
import type { Outgoing, OutgoingBody } from "./request.js";
import type { Outcome } from "./response.js";

export interface ContinueLimits {
  /** The minimum size of bodies that wait. */
  readonly minBytes: number;
  readonly timeoutMs: number;
}

export interface ExchangeSettings {
  readonly connections: Connections;
  /** Undefined if bodies never wait for `100 Continue`. */
  readonly expectContinue: ContinueLimits | undefined;
  readonly keepAlive: boolean;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** What one exchange needs. */
export interface ExchangeParts {
  readonly outgoing: Outgoing;
  readonly route: Route;
  readonly settings: ExchangeSettings;
  readonly target: Target;
  readonly connection: Connection;
  readonly resolve: (outcome: Outcome) => void;
  /** Called when the request no longer needs its connection. */
  readonly onClosed: () => void;
}

/** The limits of a request whose body waits for `100 Continue`; undefined for other requests. */
export function continueLimits(
  { url, body }: Outgoing,
  limits: ContinueLimits | undefined,
): ContinueLimits | undefined {
  const isLarge = body !== undefined && body.length >= (limits?.minBytes ?? 0);
  return url.protocol === "https:" && isLarge ? limits : undefined;
}

/** Gateways on Windows compare these header names with case, but Headers converts names to lower case. */
const spelling = new Map(
  ["ClusterId", "X-ServiceFabricRequestId"].map((name) => [name.toLowerCase(), name] as const),
);

/** The first line and the headers of a request. */
export function headOf(
  { method, url, headers }: Outgoing,
  route: Route,
  connection: string,
  waits: boolean,
): string {
  let head = `${method} ${route.path} HTTP/1.1\r\nHost: ${url.host}\r\n`;
  for (let i = 0; i + 1 < route.headers.length; i += 2)
    head += `${route.headers[i]}: ${route.headers[i + 1]}\r\n`;
  for (const [name, value] of headers) head += `${spelling.get(name) ?? name}: ${value}\r\n`;
  if (waits) head += "Expect: 100-continue\r\n";
  return `${head}Connection: ${connection}\r\n\r\n`;
}

interface Quiet {
  write(): void;
}

/** Requests that have waited for no turn and for one turn of the event loop. */
let arrived: Quiet[] = [];
let ripe: Quiet[] = [];

/**
 * Writes a request after two turns of the event loop. In between, the loop reads what the server sent since the last response,
 * so that it is not read as the response to this request. (Depending on the phase of the event loop, the first turn may end
 * before sockets are read.) Requests share the turns.
 */
export function writeWhenQuiet(request: Quiet): void {
  if (arrived.push(request) === 1 && ripe.length === 0) setImmediate(turn);
}

function turn(): void {
  const ready = ripe;
  ripe = arrived;
  arrived = [];
  if (ripe.length > 0) setImmediate(turn);
  for (const request of ready) request.write();
}

/** The piece size over TLS, which limits the memory for encrypted copies. Plain HTTP does not copy. */
const pieceBytes = 1024 * 1024;

/** The request whose body is sent. */
export interface BodySender {
  readonly connection: Connection;
  /** Whether the request has ended, so that nothing may be written or reported. */
  readonly isOver: boolean;
  /** Called with the number of bytes handed to the operating system since the last call. */
  readonly onBodySent: ((bytes: number) => void) | undefined;
  /** The last byte was given to the socket. */
  onWritten(): void;
  /** The last byte was handed to the operating system. */
  onSent(): void;
  /** Ends the request with an error. */
  destroy(error: unknown): void;
}

/**
 * Sends a request. A small one leaves in one system call.
 * @param head The head, or an empty string if it was already sent.
 */
export function sendRequest(sender: BodySender, head: string, body: OutgoingBody | undefined): void {
  const { connection, onBodySent } = sender;
  const { socket, isSecure } = connection;
  if (body !== undefined && "stream" in body) {
    if (head !== "") socket.write(head, "latin1");
    void sendStream(sender, body.stream, body.length);
  } else if (body === undefined || body.length === 0) {
    socket.write(head, "latin1", (error) => finish(sender, 0, error));
    sender.onWritten();
  } else {
    const isWhole = onBodySent === undefined && (!isSecure || body.length <= pieceBytes);
    socket.cork();
    if (head !== "") socket.write(head, "latin1");
    if (isWhole) {
      socket.write(body.bytes, (error) => finish(sender, 0, error));
      sender.onWritten();
    } else sendPieces(sender, body.bytes, 0);
    socket.uncork();
  }
}

function sendPieces(sender: BodySender, bytes: Uint8Array, from: number): void {
  const { connection, onBodySent } = sender;
  const piece = bytes.subarray(from, from + (onBodySent === undefined ? pieceBytes : connection.pace.bytes));
  const next = from + piece.byteLength;
  const begin = performance.now();
  connection.socket.write(piece, (error) => {
    connection.pace.adapt(piece.byteLength, performance.now() - begin);
    if (next === bytes.byteLength) finish(sender, piece.byteLength, error);
    else if (!error && !sender.isOver) {
      report(sender, piece.byteLength);
      if (!sender.isOver) sendPieces(sender, bytes, next);
    }
  });
  if (next === bytes.byteLength) sender.onWritten();
}

function finish(sender: BodySender, bytes: number, error: Error | null | undefined): void {
  if (error || sender.isOver) return;
  sender.onSent();
  report(sender, bytes);
}

function report(sender: BodySender, bytes: number): void {
  if (bytes === 0 || sender.isOver) return;
  try {
    sender.onBodySent?.(bytes);
  } catch (error) {
    sender.destroy(error);
  }
}

async function sendStream(
  sender: BodySender,
  stream: ReadableStream<Uint8Array>,
  length: number,
): Promise<void> {
  const { connection, onBodySent } = sender;
  const reader = stream.getReader();
  // The source of the stream may never settle by itself.
  const cancel = () => void reader.cancel().catch(() => {});
  connection.socket.once("close", cancel);
  let sent = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || sender.isOver) break;
      sent += requireBytes(value).byteLength;
      if (sent > length) throw mismatch(`more than the ${length}`);
      for (let from = 0; from < value.byteLength && !sender.isOver; ) {
        const piece = value.subarray(
          from,
          onBodySent === undefined ? undefined : from + connection.pace.bytes,
        );
        const begin = performance.now();
        if (sent === length && from + piece.byteLength === value.byteLength) sender.onWritten();
        await write(connection, piece);
        connection.pace.adapt(piece.byteLength, performance.now() - begin);
        report(sender, piece.byteLength);
        from += piece.byteLength;
      }
    }
    if (sender.isOver) return;
    if (sent < length) throw mismatch(`${sent} and not the ${length}`);
    sender.onWritten();
    sender.onSent();
  } catch (error) {
    sender.destroy(error);
  } finally {
    connection.socket.off("close", cancel);
    if (sender.isOver) cancel();
  }
}

function requireBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError("A stream body must contain Uint8Arrays");
}

function mismatch(found: string): TransportError {
  const message = `the body has ${found} bytes that the content-length header announced`;
  return new TransportError("ERR_CONTENT_LENGTH_MISMATCH", message);
}

/** Resolves when the chunk is written, so that only one chunk is in memory at a time. */
function write({ socket }: Connection, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}
