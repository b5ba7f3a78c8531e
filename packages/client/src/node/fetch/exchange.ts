import { type ClientRequest, type IncomingMessage, request as openRequest } from "node:http";
import type { Socket } from "node:net";
import { type Collected, collect, cutOff, streamRest } from "./answer.js";
import type { ConnectionRequest, Connections } from "./connections.js";
import { type ContinueLimits, sendAfterContinue } from "./expect-continue.js";
import { limitIdleTime } from "./idle-limit.js";
import { LazyResponse } from "./lazy-response.js";
import type { Outgoing } from "./outgoing.js";
import type { Route } from "./route.js";
import { sendBody } from "./send-body.js";
import { codeOf, fetchFailed } from "./transport-error.js";

export interface ExchangeSettings {
  readonly connections: Connections;
  /** Undefined for bodies that wait for nothing. */
  readonly expectContinue: ContinueLimits | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

/** How an exchange ended. A stale connection is one that the server closed before it had the request. */
export type Outcome =
  | { readonly response: Response }
  | { readonly error: unknown; readonly isStale: boolean };

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
    receive(request, outgoing, resolve);
    limitIdleTime(request, settings);
    const send = () => sendBody(request, body, isSecure, onBodySent);
    if (wait === undefined) send();
    else sendAfterContinue(request, wait, send);
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

function receive(request: ClientRequest, outgoing: Outgoing, resolve: (outcome: Outcome) => void): void {
  const { signal } = outgoing;
  const hasConnection = connectedness(request);
  let failure: unknown;
  let incoming: IncomingMessage | undefined;
  let settleEarly: (() => void) | undefined;
  // What was noted first is the reason of what came after.
  const explain = (error: unknown) =>
    signal?.aborted ? signal.reason : fetchFailed(failure ?? error, { neverSent: !hasConnection() });
  const note = (error: unknown) => {
    failure ??= error;
  };
  let isSettled = false;
  const fail = (isStale: boolean) => {
    if (!isSettled) resolve({ error: explain(failure), isStale });
  };

  const settle = (message: IncomingMessage, { bytes, isAll }: Collected) => {
    const isSent = request.writableFinished;
    const content = isAll ? bytes : isSent ? streamRest(bytes, message, explain) : cutOff(bytes);
    const respond = () => {
      try {
        resolve({ response: new LazyResponse(message, outgoing, content) });
        isSettled = true;
      } catch (error) {
        // A status that no Response can have.
        request.destroy();
        note(error);
        fail(false);
      }
    };
    if (isSent) return respond();
    settleEarly = respond;
    request.destroy();
  };

  const isStale = staleness(request);
  request.on("error", note);
  request.once("close", () => {
    if (settleEarly !== undefined) settleEarly();
    else if (incoming === undefined) fail(isStale(failure));
  });
  request.once("response", (message) => {
    incoming = message;
    message.on("error", note);
    message.once("close", () => {
      if (settleEarly === undefined) fail(false);
    });
    collect(message, (collected) => settle(message, collected));
  });
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
