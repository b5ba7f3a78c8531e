import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { HealthReport } from "../applications/state.js";
import { explainRefusal, type Page } from "../explorer/pages.js";
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
import type { OperationId } from "../wire/operations.js";
import { readApiVersion, readTimeoutMs } from "../wire/query.js";
import { type Bandwidth, RequestBody, readSmallBody } from "../wire/request-body.js";
import { allowsAnonymous, type RouteMatch, type Router } from "./router.js";

/** The parts of a gateway. */
export interface GatewayParts extends OperationParts {
  readonly router: Router<OperationId>;
  readonly faults: FaultPlan;
  /** The store path of an operation: from the URL, or from the session that the URL names. */
  readonly pathOf: (match: OperationMatch) => string | undefined;
  /** Called before each request. */
  readonly beforeRequest: () => void;
  /** Throws a FabricError for a request that is rejected before authentication. */
  readonly refuse: (request: IncomingMessage) => void;
  readonly cors: Cors;
  /** Rejects with a FabricError or a ClientCertificateError if authentication fails. */
  readonly authenticate: (request: IncomingMessage, body: RequestBody) => Promise<void>;
  readonly findPage: (method: string, url: string) => Page | undefined;
  /** Whether callers can sign in with Entra ID. */
  readonly hasEntra: boolean;
  readonly loseSessions: () => Promise<void>;
  readonly setHealth: (report: HealthReport) => void;
  readonly bandwidth: Bandwidth | undefined;
  /** Aborted when the emulator closes. */
  readonly closing: AbortSignal;
  readonly onRequest: (entry: RequestLogEntry) => void;
  readonly onFault: (fired: FiredFault) => void;
}

/** Finds the operation of each request, runs it, and sends the response. */
export interface Gateway {
  readonly listener: RequestListener;
  /** Resolves when no request is in progress. */
  settled(): Promise<void>;
}

export function createGateway(parts: GatewayParts): Gateway {
  const inProgress = new Set<Promise<void>>();
  return {
    listener: (request, response) => {
      // A client that disconnects during the response is not a failure of the emulator.
      response.on("error", () => {});
      // All other failures become responses. Only a callback such as `onRequest` can throw here.
      const work = serve(parts, request, response).catch(() => {
        if (!response.writableEnded) response.destroy();
      });
      inProgress.add(work);
      void work.finally(() => inProgress.delete(work));
    },
    settled: async () => {
      await Promise.allSettled(inProgress);
    },
  };
}

/** The result of a request. There is no answer if a fault closed the connection. */
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
  // The socket is destroyed at once, the response only when the socket has closed.
  const isSent = answer !== undefined && !request.socket.destroyed && !response.destroyed;
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
  let page: Page | undefined;
  // Programs get the response of a cluster, whatever they ask for.
  const forReader = (answer: Answer, message: string) =>
    page !== undefined && /\btext\/html\b/.test(request.headers.accept ?? "")
      ? explainRefusal(answer, message)
      : answer;
  try {
    parts.refuse(request);
    // Browsers send preflight requests without credentials, and report a rejected one as a network error.
    const preflight = parts.cors.preflight(request);
    if (preflight !== undefined) return { answer: preflight };
    page =
      match.kind === "unknown-root" ? parts.findPage(request.method ?? "", request.url ?? "") : undefined;
    const isPublic =
      match.kind === "operation"
        ? allowsAnonymous(match.operationId)
        : page?.isPublic === true && parts.hasEntra;
    if (!isPublic) await parts.authenticate(request, body);
    // Ask for the body only after authentication.
    if (request.headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
    return { answer: page?.answer() ?? (await answerTo(parts, request, body, match)) };
  } catch (thrown) {
    if (thrown instanceof ClientCertificateError) {
      const answer = clientCertificateRequiredAnswer(thrown.isFinal);
      return { answer: forReader(answer, answer.reason), cause: thrown.message };
    }
    const error = toFabricError(thrown);
    const answer = errorAnswer(error);
    return { answer: error.status === 401 ? forReader(answer, error.message) : answer, cause: error.cause };
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
  throw new FabricError(
    "E_NOTIMPL",
    "The emulator supports the image store and the deployment of applications, not the rest of the gateway.",
  );
}

function answerWithFaults(
  parts: GatewayParts,
  request: IncomingMessage,
  body: RequestBody,
  match: OperationMatch,
): Promise<Answer | undefined> {
  const { method = "", url = "" } = request;
  const target = {
    body: parts.bandwidth?.limit(body) ?? body,
    drop: () => void request.socket.destroy(),
    loseSessions: parts.loseSessions,
    setHealth: parts.setHealth,
    report: ({ fault, matchNumber }: Pick<FiredFault, "fault" | "matchNumber">) =>
      parts.onFault({ fault, matchNumber, method, url }),
    closing: parts.closing,
  };
  const faults = parts.faults.take(match.operationId, parts.pathOf(match));
  return performWithFaults(faults, target, async (faultyBody) => {
    // Turn a failure into a response here, so that faults can delay or drop it like any other response.
    try {
      return await runOperation(parts, request, match, faultyBody);
    } catch (thrown) {
      if (faults.length === 0) throw thrown;
      return errorAnswer(toFabricError(thrown));
    }
  });
}

/** A request whose URL matches an operation. */
export type OperationMatch = Extract<RouteMatch<OperationId>, { kind: "operation" }>;

/** What every operation needs. */
export interface OperationParts {
  readonly handlers: Handlers;
  readonly apiVersionMax: string;
  /** The cluster's ID, if it has one. */
  readonly clusterId: string | undefined;
  readonly parsePath: (text: string) => StorePath;
}

/** Performs the checks of all operations in the gateway's order, then runs the operation. */
async function runOperation(
  parts: OperationParts,
  request: IncomingMessage,
  { operationId, contentPath, resource, query }: OperationMatch,
  body: AsyncIterable<Uint8Array>,
): Promise<Answer> {
  const apiVersion = readApiVersion(query, parts.apiVersionMax);
  checkClusterId(parts.clusterId, request.headers["clusterid"]);
  const isSmall = request.method === "POST" || request.method === "DELETE";
  const smallBody = isSmall ? await readSmallBody(body, request.headers["content-length"]) : Buffer.alloc(0);
  return parts.handlers[operationId]({
    path: contentPath === undefined ? undefined : parts.parsePath(contentPath),
    resource,
    query,
    apiVersion,
    contentRange: request.headers["content-range"],
    contentLength: request.headers["content-length"],
    timeoutMs: readTimeoutMs(query),
    body,
    smallBody,
  });
}

/** Rejects a request for another cluster (protocol §1.6). */
function checkClusterId(own: string | undefined, sent: string | string[] | undefined): void {
  if (own === undefined || sent === undefined) return;
  if (String(sent).toLowerCase() !== own.toLowerCase()) throw new FabricError("E_ACCESSDENIED");
}
