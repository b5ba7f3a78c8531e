import type { IncomingMessage } from "node:http";
import type { OperationId } from "@sf-image-store/types";
import type { Answer } from "./answers.js";
import { readApiVersion } from "./api-version.js";
import { FabricError } from "./fabric-error.js";
import type { Handlers } from "./handlers/handler.js";
import { readTimeoutMs } from "./query.js";
import { readSmallBody } from "./request-body.js";
import type { RouteMatch } from "./router.js";
import type { StorePath } from "./store/store-path.js";

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
export async function runOperation(
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
