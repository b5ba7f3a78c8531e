import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { OperationId } from "@sf-image-store/types";
import Koa from "koa";
import { type Answer, errorAnswer, send, unknownRootAnswer } from "./answers.js";
import { readApiVersion } from "./api-version.js";
import { FabricError, toFabricError } from "./fabric-error.js";
import type { Handlers } from "./handlers/handler.js";
import { bodyOf, skipSmallBody } from "./request-body.js";
import type { RequestLogEntry } from "./request-log.js";
import type { RouteMatch, Router } from "./router.js";
import { parseStorePath } from "./store/store-path.js";

/** What the gateway is made of. */
export interface GatewayParts {
  readonly router: Router<OperationId>;
  readonly handlers: Handlers;
  readonly apiVersionMax: string;
  readonly onRequest: (entry: RequestLogEntry) => void;
}

/** The gateway: takes requests, finds their operation, and sends its answer. */
export interface Gateway {
  readonly listener: RequestListener;
  /** Resolves when no request is being worked on. */
  settled(): Promise<void>;
}

type OperationMatch = Extract<RouteMatch<OperationId>, { kind: "operation" }>;

export function createGateway(parts: GatewayParts): Gateway {
  const underWay = new Set<Promise<void>>();
  const app = new Koa();
  // Every failure becomes an answer below; what is left for Koa to report is a connection that broke.
  app.silent = true;
  app.use(async (ctx) => {
    ctx.respond = false; // Koa would drop the content type of an empty body, which the gateway keeps (protocol §1.6).
    const work = serve(parts, ctx.req, ctx.res);
    underWay.add(work);
    await work.finally(() => underWay.delete(work));
  });
  return {
    listener: app.callback(),
    settled: async () => {
      await Promise.allSettled(underWay);
    },
  };
}

async function serve(parts: GatewayParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedAt = performance.now();
  const { method = "", url = "" } = request;
  const match = parts.router(method, url);
  const outcome = await answerFor(parts, request, match);
  const broken = response.destroyed;
  if (!broken) {
    send(response, outcome.answer);
    request.resume(); // What the handler left unread would block the next request on this connection.
  }
  const contentRange = request.headers["content-range"];
  parts.onRequest({
    method,
    url,
    ...(match.kind === "operation" ? { operationId: match.operationId } : {}),
    ...(contentRange === undefined ? {} : { contentRange }),
    ...(broken ? {} : { status: outcome.answer.status }),
    code: broken ? "ConnectionBroken" : outcome.answer.code,
    durationMs: performance.now() - startedAt,
    ...(broken || outcome.cause === undefined ? {} : { cause: outcome.cause }),
  });
}

async function answerFor(
  parts: GatewayParts,
  request: IncomingMessage,
  match: RouteMatch<OperationId>,
): Promise<{ answer: Answer; cause?: unknown }> {
  if (match.kind === "unknown-root") return { answer: unknownRootAnswer() };
  try {
    if (match.kind === "no-template") throw new FabricError("E_INVALIDARG");
    return { answer: await runOperation(parts, request, match) };
  } catch (thrown) {
    const error = toFabricError(thrown);
    return { answer: errorAnswer(error), cause: error.cause };
  }
}

async function runOperation(
  parts: GatewayParts,
  request: IncomingMessage,
  match: OperationMatch,
): Promise<Answer> {
  const { operationId, contentPath, query } = match;
  const apiVersion = readApiVersion(query, parts.apiVersionMax);
  const handler = parts.handlers[operationId];
  if (handler === undefined) throw new FabricError("E_NOTIMPL", `${operationId} is not emulated.`);
  if (request.method === "POST" || request.method === "DELETE") await skipSmallBody(request);
  return handler({
    path: contentPath === undefined ? undefined : parseStorePath(contentPath),
    query,
    apiVersion,
    contentRange: request.headers["content-range"],
    body: bodyOf(request),
  });
}
