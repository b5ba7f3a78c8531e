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
  /** Undefined for bodies that wait for nothing. */
  readonly expectContinue: ContinueLimits | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** How an exchange ended. */
export type Outcome =
  | { readonly response: Response }
  | {
      readonly error: unknown;
      /**
       * Whether it was the fault of a connection that had been idle: `unsent` when nothing was sent on it, so that any request
       * may be sent again, `stale` when the server closed it before it had the request.
       */
      readonly fault: "unsent" | "stale" | undefined;
    };

/**
 * One request and its answer. The outcome is there only when nothing reads the request's body any more: either all of it
 * was handed over, or the socket is closed. Until then an answer that came early, or a failure, is held back.
 *
 * @param onClosed called when the request no longer needs its connection.
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
    onceQuiet(request, () => {
      begin();
      const send = () => sendBody(request, body, isSecure, onBodySent);
      if (wait === undefined) send();
      else sendAfterContinue(request, wait, send);
    });
  });
}

/**
 * Calls back when the request may be written to its connection. Before that the event loop looks for what the server has
 * sent since the answer to the last request: it must be found before it can be taken for the answer to this one.
 */
function onceQuiet(request: ClientRequest, callback: () => void): void {
  request.once("socket", (socket: Socket) => {
    // node:http sends a head with Expect by itself as soon as there is a socket.
    socket.cork();
    // The first turn may end without a look at the sockets: it depends on where in a turn this is called.
    const inTwoTurns = () =>
      setImmediate(() =>
        setImmediate(() => {
          if (!request.destroyed) callback();
          socket.uncork();
        }),
      );
    // Over TLS, the socket comes once it is ready.
    if (socket.connecting) socket.once("connect", inTwoTurns);
    else inTwoTurns();
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

/** How long the body of a request waits to be asked for. Undefined when it does not. */
export function continueLimits(
  { url, body }: Outgoing,
  { expectContinue }: ExchangeSettings,
): ContinueLimits | undefined {
  const isLarge = body !== undefined && body.length >= (expectContinue?.minBytes ?? 0);
  return url.protocol === "https:" && isLarge ? expectContinue : undefined;
}

/** Gateways on Windows compare names of their own letter by letter, and Headers makes all letters small. */
const spelling = new Map(
  ["ClusterId", "X-ServiceFabricRequestId"].map((name) => [name.toLowerCase(), name] as const),
);

/** Names and values in turn, which node:http sends without a detour. */
function head({ url, headers }: Outgoing, route: Route, waits: boolean): string[] {
  const list = ["host", url.host, ...route.headers];
  for (const [name, value] of headers) list.push(spelling.get(name) ?? name, value);
  if (waits) list.push("expect", "100-continue");
  return list;
}

const tooEarly = "the server sent an answer before there was a request";

/** Returns what is to be called before the request is written to its connection. */
function receive(
  request: ClientRequest,
  outgoing: Outgoing,
  resolve: (outcome: Outcome) => void,
): () => void {
  const { signal } = outgoing;
  const hasConnection = connectedness(request);
  let failure: unknown;
  let incoming: IncomingMessage | undefined;
  let settleEarly: (() => void) | undefined;
  let hasBegun = false;
  let isEarly = false;
  let connection: Socket | undefined;
  // What was noted first is the reason of what came after.
  const explain = (error: unknown) =>
    signal?.aborted
      ? signal.reason
      : fetchFailed(failure ?? error, { neverSent: !hasBegun || !hasConnection() });
  const note = (error: unknown) => {
    failure ??= error;
  };
  let isSettled = false;
  let isCollected = false;
  let isClosed = false;
  const fail = () => {
    if (isSettled) return;
    isSettled = true;
    const isUnsent = !hasBegun && request.reusedSocket;
    const fault = isUnsent ? "unsent" : incoming === undefined && isStale(failure) ? "stale" : undefined;
    // As after a switch to another protocol, which node:http ends without a word.
    const unknown = new TransportError("ERR_UNEXPECTED_BYTES", "the server sent no answer to the request");
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
        // A status that no Response can have.
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
    } else if (isAll && hasMore(request, connection, failure)) {
      refuse("the server sent more than one answer to the request");
    } else respond();
  };

  const isStale = staleness(request);
  request.on("error", note);
  request.once("socket", (socket: Socket) => {
    connection = socket;
    const isDue = () => {
      isEarly ||= !hasBegun;
      // On a new connection the parser decides: most likely the server speaks another protocol, and begins.
      return (hasBegun || !request.reusedSocket) && incoming?.complete !== true;
    };
    // Behind the end of an answer, the connection alone is to blame.
    const refuseEarly = () => {
      if (isEarly) refuse(tooEarly);
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
    if (isEarly) return refuse(tooEarly);
    incoming = message;
    // Who answers before the request is there has not read it: what comes next on this connection is anybody's guess.
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
    hasBegun = true;
  };
}

/** Whether the system has all of a request. TLS tells of its last piece only after an answer may have come. */
function isHandedOver(request: ClientRequest, connection: Socket | undefined): boolean {
  return request.writableFinished || (request.writableEnded && connection instanceof TLSSocket);
}

/** Whether there was something behind an answer that should be the last on its connection for now. */
function hasMore(request: ClientRequest, connection: Socket | undefined, failure: unknown): boolean {
  if (failure !== undefined) return true;
  // node:http closes a connection on which a second answer comes together with the first, and says nothing.
  return request.shouldKeepAlive && connection?.destroyed === true;
}

/** Tells whether a request ever had a connection: without one, nobody has seen a byte of it. */
function connectedness(request: ClientRequest): () => boolean {
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

/** Tells whether a failed request met a connection that had been closed while it was idle. */
function staleness(request: ClientRequest): (failure: unknown) => boolean {
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
