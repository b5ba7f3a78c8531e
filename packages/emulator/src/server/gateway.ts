import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { OperationId } from "@sf-image-store/types";
import type { Page } from "../explorer/page.js";
import type { FiredFault } from "../faults/fault.js";
import { type FaultPlan, performWithFaults } from "../faults/fault-plan.js";
import type { Handlers } from "../handlers/handler.js";
import type { RequestLogEntry } from "../options.js";
import { ClientCertificateError } from "../security/client-certificates.js";
import type { Cors } from "../security/web-pages.js";
import type { StorePath } from "../store/store-path.js";
import {
  type Answer,
  clientCertificateRequiredAnswer,
  errorAnswer,
  send,
  unknownRootAnswer,
} from "../wire/answers.js";
import { FabricError, toFabricError } from "../wire/fabric-error.js";
import { readApiVersion, readTimeoutMs } from "../wire/query.js";
import { RequestBody, readSmallBody } from "../wire/request-body.js";
import { allowsAnonymous, type RouteMatch, type Router } from "./router.js";

/** What the gateway is made of. */
export interface GatewayParts extends OperationParts {
  readonly router: Router<OperationId>;
  readonly faults: FaultPlan;
  /** The store path that an operation is about, also where only a session in the URL tells it. */
  readonly pathOf: (match: OperationMatch) => string | undefined;
  /** Done before a request is looked at. */
  readonly beforeRequest: () => void;
  /** Throws a FabricError for a caller that is refused whoever it is. */
  readonly refuse: (request: IncomingMessage) => void;
  readonly cors: Cors;
  /** Rejects with a FabricError or a ClientCertificateError for a caller that may not come in. */
  readonly authenticate: (request: IncomingMessage, body: RequestBody) => Promise<void>;
  readonly findPage: (method: string, url: string) => Page | undefined;
  /** Whether callers can sign in with Entra ID. */
  readonly hasEntra: boolean;
  readonly loseSessions: () => Promise<void>;
  /** Aborted when the emulator closes. */
  readonly closing: AbortSignal;
  readonly onRequest: (entry: RequestLogEntry) => void;
  readonly onFault: (fired: FiredFault) => void;
}

/** The gateway: takes requests, finds their operation, and sends its answer. */
export interface Gateway {
  readonly listener: RequestListener;
  /** Resolves when no request is being worked on. */
  settled(): Promise<void>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const underWay = new Set<Promise<void>>();
  return {
    listener: (request, response) => {
      // A client that leaves while its answer is written is no failure of the emulator.
      response.on("error", () => {});
      // Every failure becomes an answer. What is left is a callback of the caller that throws, such as `onRequest`.
      const work = serve(parts, request, response).catch(() => {
        if (!response.writableEnded) response.destroy();
      });
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    settled: async () => {
      await Promise.allSettled(underWay);
    },
  };
}

/** What came of a request: an answer, or none because the connection was broken on purpose. */
interface Outcome {
  readonly answer?: Answer | undefined;
  readonly cause?: unknown;
}

async function serve(parts: GatewayParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedAt = performance.now();
  const { method = "", url = "" } = request;
  parts.beforeRequest();
  for (const [name, value] of Object.entries(parts.cors.headers(request))) response.setHeader(name, value);
  const match = parts.router(method, url);
  const { answer, cause } = await outcomeOf(parts, request, response, match);
  const isSent = answer !== undefined && !response.destroyed;
  if (isSent) {
    send(response, answer, method);
    request.resume(); // What the handler left unread would block the next request on this connection.
  }
  const contentRange = request.headers["content-range"];
  parts.onRequest({
    method,
    url,
    ...(match.kind === "operation" ? { operationId: match.operationId } : {}),
    ...(contentRange === undefined ? {} : { contentRange }),
    ...(isSent ? { status: answer.status } : {}),
    code: isSent ? answer.code : "ConnectionBroken",
    durationMs: performance.now() - startedAt,
    ...(isSent && cause !== undefined ? { cause } : {}),
  });
}

async function outcomeOf(
  parts: GatewayParts,
  request: IncomingMessage,
  response: ServerResponse,
  match: RouteMatch<OperationId>,
): Promise<Outcome> {
  const body = new RequestBody(request);
  try {
    parts.refuse(request);
    // Browsers ask without any credentials, and report a refusal as a broken network.
    const preflight = parts.cors.preflight(request);
    if (preflight !== undefined) return { answer: preflight };
    const page =
      match.kind === "unknown-root" ? parts.findPage(request.method ?? "", request.url ?? "") : undefined;
    const isPublic =
      match.kind === "operation"
        ? allowsAnonymous(match.operationId)
        : page?.isPublic === true && parts.hasEntra;
    if (!isPublic) await parts.authenticate(request, body);
    // Only now, so that a body is not asked for in vain.
    if (request.headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
    return { answer: page?.answer() ?? (await answerTo(parts, request, body, match)) };
  } catch (thrown) {
    if (thrown instanceof ClientCertificateError) {
      return { answer: clientCertificateRequiredAnswer(thrown.isFinal), cause: thrown.message };
    }
    const error = toFabricError(thrown);
    return { answer: errorAnswer(error), cause: error.cause };
  }
}

async function answerTo(
  parts: GatewayParts,
  request: IncomingMessage,
  body: RequestBody,
  match: RouteMatch<OperationId>,
): Promise<Answer | undefined> {
  if (match.kind === "operation") return answerWithFaults(parts, request, body, match);
  if (match.kind === "unknown-root") return unknownRootAnswer();
  if (match.kind === "no-template") throw new FabricError("E_INVALIDARG");
  throw new FabricError("E_NOTIMPL", "The image store is emulated, not the rest of the gateway.");
}

function answerWithFaults(
  parts: GatewayParts,
  request: IncomingMessage,
  body: RequestBody,
  match: OperationMatch,
): Promise<Answer | undefined> {
  const { method = "", url = "" } = request;
  const target = {
    body,
    drop: () => void request.socket.destroy(),
    loseSessions: parts.loseSessions,
    report: ({ fault, matchNumber }: Pick<FiredFault, "fault" | "matchNumber">) =>
      parts.onFault({ fault, matchNumber, method, url }),
    closing: parts.closing,
  };
  const faults = parts.faults.take(match.operationId, parts.pathOf(match));
  return performWithFaults(faults, target, async (faultyBody) => {
    // Caught here, so that a failure can be answered late or not at all like everything else.
    try {
      return await runOperation(parts, request, match, faultyBody);
    } catch (thrown) {
      if (faults.length === 0) throw thrown;
      return errorAnswer(toFabricError(thrown));
    }
  });
}

/** A request that names an operation. */
export type OperationMatch = Extract<RouteMatch<OperationId>, { kind: "operation" }>;

/** What an operation needs to be run. */
export interface OperationParts {
  readonly handlers: Handlers;
  readonly apiVersionMax: string;
  /** The cluster's id, if it has one. */
  readonly clusterId: string | undefined;
  readonly parsePath: (text: string) => StorePath;
}

/** Checks what all operations have in common, in the gateway's order, and runs the one the request names. */
async function runOperation(
  parts: OperationParts,
  request: IncomingMessage,
  { operationId, contentPath, query }: OperationMatch,
  body: AsyncIterable<Uint8Array>,
): Promise<Answer> {
  const apiVersion = readApiVersion(query, parts.apiVersionMax);
  checkClusterId(parts.clusterId, request.headers["clusterid"]);
  const isSmall = request.method === "POST" || request.method === "DELETE";
  const smallBody = isSmall ? await readSmallBody(body, request.headers["content-length"]) : Buffer.alloc(0);
  return parts.handlers[operationId]({
    path: contentPath === undefined ? undefined : parts.parsePath(contentPath),
    query,
    apiVersion,
    contentRange: request.headers["content-range"],
    timeoutMs: readTimeoutMs(query),
    body,
    smallBody,
  });
}

/** A client that names its cluster must not reach another one (protocol §1.6). */
function checkClusterId(own: string | undefined, sent: string | string[] | undefined): void {
  if (own === undefined || sent === undefined) return;
  if (String(sent).toLowerCase() !== own.toLowerCase()) throw new FabricError("E_ACCESSDENIED");
}
