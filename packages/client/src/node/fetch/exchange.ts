import { type ClientRequest, type IncomingMessage, request as openRequest } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { onDiscard } from "../../wire/answer.js";
import { type ConnectionRequest, type Connections, expectAnswer, limitIdleTime } from "./connections.js";
import { codeOf, fetchFailed, TransportError } from "./options.js";
import type { Route } from "./proxy.js";
import type { Outgoing } from "./request.js";
import { type Collected, collect, cutOff, LazyResponse, streamRest } from "./response.js";
import { type ContinueLimits, sendAfterContinue, sendBody } from "./send-body.js";

export interface ExchangeSettings {
  readonly connections: Connections;
  /** Undefined if bodies never wait for `100 Continue`. */
  readonly expectContinue: ContinueLimits | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** The result of an exchange. */
export type Outcome =
  | { readonly response: Response }
  | {
      readonly error: unknown;
      /**
       * Whether a kept connection caused the error: `unsent` if nothing was sent, so that any request may be sent again; `stale`
       * if the server closed the connection before it received the request.
       */
      readonly fault: "unsent" | "stale" | undefined;
    };

/**
 * Sends one request and receives the response. Settles only when nothing reads the request body anymore: it was sent
 * completely, or the socket is closed. Until then, an early response or a failure is held back.
 *
 * @param onClosed Called when the request no longer needs its connection.
 */
export function exchange(
  outgoing: Outgoing,
  route: Route,
  settings: ExchangeSettings,
  onClosed: () => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const { body, onBodySent, signal, url } = outgoing;
    const isSecure = url.protocol === "https:";
    const wait = continueLimits(outgoing, settings);
    const request = openRequest({
      ...connectionRequest(outgoing, route, settings),
      headers: head(outgoing, route, wait !== undefined),
    });
    const abort = () => void request.destroy();
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    request.once("close", () => {
      signal?.removeEventListener("abort", abort);
      onClosed();
    });
    const begin = receive(request, outgoing, resolve);
    limitIdleTime(request, settings);
    whenQuiet(request, () => {
      begin();
      const send = () => sendBody(request, body, isSecure, onBodySent);
      if (wait === undefined) send();
      else sendAfterContinue(request, wait, send);
    });
  });
}

/**
 * Calls `callback` when the request may be written to its connection. First lets the event loop read what the server sent since
 * the last response, so that it is not read as the response to this request.
 */
function whenQuiet(request: ClientRequest, callback: () => void): void {
  request.once("socket", (socket: Socket) => {
    // Otherwise node:http would send a head with Expect as soon as it has a socket.
    socket.cork();
    // Depending on the phase of the event loop, the first turn may end before sockets are read.
    const afterTwoTurns = () =>
      setImmediate(() =>
        setImmediate(() => {
          if (!request.destroyed) callback();
          socket.uncork();
        }),
      );
    // Over TLS, the socket is already connected.
    if (socket.connecting) socket.once("connect", afterTwoTurns);
    else afterTwoTurns();
  });
}

function connectionRequest(
  { method, url, signal }: Outgoing,
  { host, port, path, tunnelBy }: Route,
  { connections }: ExchangeSettings,
): ConnectionRequest {
  return {
    agent: connections.agentFor(url.protocol),
    protocol: url.protocol,
    method,
    host,
    port,
    path,
    ...(signal === undefined ? {} : { connectSignal: signal }),
    ...(tunnelBy === undefined ? {} : { tunnelBy }),
  };
}

/** The limits of a request whose body waits for `100 Continue`; undefined for other requests. */
export function continueLimits(
  { url, body }: Outgoing,
  { expectContinue }: ExchangeSettings,
): ContinueLimits | undefined {
  const isLarge = body !== undefined && body.length >= (expectContinue?.minBytes ?? 0);
  return url.protocol === "https:" && isLarge ? expectContinue : undefined;
}

/** Gateways on Windows compare these header names with case, but Headers converts names to lower case. */
const spelling = new Map(
  ["ClusterId", "X-ServiceFabricRequestId"].map((name) => [name.toLowerCase(), name] as const),
);

/** The flat list of names and values that node:http sends most efficiently. */
function head({ url, headers }: Outgoing, route: Route, waits: boolean): string[] {
  const list = ["host", url.host, ...route.headers];
  for (const [name, value] of headers) list.push(spelling.get(name) ?? name, value);
  if (waits) list.push("expect", "100-continue");
  return list;
}

const earlyResponse = "the server sent a response before the request";

/** Returns a function to call before the request is written to its connection. */
function receive(
  request: ClientRequest,
  outgoing: Outgoing,
  resolve: (outcome: Outcome) => void,
): () => void {
  const { signal } = outgoing;
  const hasConnection = trackConnection(request);
  let failure: unknown;
  let incoming: IncomingMessage | undefined;
  let settleEarly: (() => void) | undefined;
  let mayWrite = false;
  let isEarly = false;
  let connection: Socket | undefined;
  // The first error is the reason for later ones.
  const explain = (error: unknown) =>
    signal?.aborted
      ? signal.reason
      : fetchFailed(failure ?? error, { neverSent: !mayWrite || !hasConnection() });
  const note = (error: unknown) => {
    failure ??= error;
  };
  let isSettled = false;
  let isCollected = false;
  let isClosed = false;
  const fail = () => {
    if (isSettled) return;
    isSettled = true;
    const isUnsent = !mayWrite && request.reusedSocket;
    const fault = isUnsent ? "unsent" : incoming === undefined && isStale(failure) ? "stale" : undefined;
    // For example after a protocol switch, which node:http ends without an error.
    const unknown = new TransportError("ERR_UNEXPECTED_BYTES", "the server sent no response to the request");
    resolve({ error: explain(failure ?? unknown), fault });
  };
  const refuse = (what: string) => {
    note(new TransportError("ERR_UNEXPECTED_BYTES", what));
    request.destroy();
    fail();
  };

  const settle = (message: IncomingMessage, { bytes, isAll }: Collected) => {
    const isSent = request.writableFinished;
    const content = isAll ? bytes : isSent ? streamRest(bytes, message, explain) : cutOff(bytes);
    const respond = () => {
      try {
        const response = new LazyResponse(message, outgoing, content);
        onDiscard(response, () => connection?.destroy());
        resolve({ response });
        isSettled = true;
      } catch (error) {
        // A status that Response does not support.
        request.destroy();
        note(error);
        fail();
      }
    };
    if (signal?.aborted) fail();
    else if (!isSent && isClosed) respond();
    else if (!isSent) {
      settleEarly = respond;
      request.destroy();
    } else if (isAll && hasExtraBytes(request, connection, failure)) {
      refuse("the server sent more than one response to the request");
    } else respond();
  };

  const isStale = trackStaleness(request);
  request.on("error", note);
  request.once("socket", (socket: Socket) => {
    connection = socket;
    const isDue = () => {
      isEarly ||= !mayWrite;
      // On a new connection, let the parser report it: most likely the server speaks another protocol.
      return (mayWrite || !request.reusedSocket) && incoming?.complete !== true;
    };
    // Bytes after the end of a response do not make this request fail.
    const refuseEarly = () => {
      if (isEarly) refuse(earlyResponse);
    };
    request.once("close", expectAnswer(socket, { isDue, refuse: refuseEarly }));
  });
  request.once("close", () => {
    isClosed = true;
    if (settleEarly !== undefined) settleEarly();
    else if (incoming === undefined) fail();
  });
  request.once("response", (message) => {
    if (isSettled) return;
    if (isEarly) return refuse(earlyResponse);
    incoming = message;
    // A server that responds before it has the request leaves the connection in an unknown state.
    if (!isHandedOver(request, connection)) request.shouldKeepAlive = false;
    message.on("error", note);
    message.once("close", () => {
      if (!isCollected) fail();
    });
    collect(message, (collected) => {
      isCollected = true;
      if (request.writableFinished || !isHandedOver(request, connection)) settle(message, collected);
      else setImmediate(() => settle(message, collected));
    });
  });
  return () => {
    mayWrite = true;
  };
}

/** Whether the request is completely sent. TLS may report the last piece only after the response has arrived. */
function isHandedOver(request: ClientRequest, connection: Socket | undefined): boolean {
  return request.writableFinished || (request.writableEnded && connection instanceof TLSSocket);
}

/** Whether more bytes arrived after the response. */
function hasExtraBytes(request: ClientRequest, connection: Socket | undefined, failure: unknown): boolean {
  if (failure !== undefined) return true;
  // node:http closes a connection without an error if a second response arrives together with the first.
  return request.shouldKeepAlive && connection?.destroyed === true;
}

/** Returns whether a request ever had a connection. Without one, nothing was sent. */
function trackConnection(request: ClientRequest): () => boolean {
  let isConnected = false;
  request.once("socket", (socket: Socket) => {
    isConnected = !socket.connecting;
    if (!isConnected) {
      socket.once("connect", () => {
        isConnected = true;
      });
    }
  });
  return () => isConnected;
}

/** Returns whether a request failed because its kept connection had been closed while idle. */
function trackStaleness(request: ClientRequest): (failure: unknown) => boolean {
  let bytesRead: (() => number) | undefined;
  let before = 0;
  request.once("socket", (socket: Socket) => {
    bytesRead = () => socket.bytesRead;
    before = socket.bytesRead;
  });
  return (failure) => {
    const code = codeOf(failure);
    const isReset = code === "ECONNRESET" || code === "EPIPE";
    return isReset && request.reusedSocket && bytesRead?.() === before;
  };
}
