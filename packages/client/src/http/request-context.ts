import { type OperationId, operations } from "@sf-image-store/types";
import type { RequestContext } from "../errors/errors.js";

/** Names the request in the cluster's traces; servers do not send it back (protocol §1.6). */
export const requestIdHeader = "X-ServiceFabricRequestId";

function isOperationId(id: string): id is OperationId {
  return Object.hasOwn(operations, id);
}

function operationIdOf(request: Request, template: string): OperationId {
  const id = Object.keys(operations)
    .filter(isOperationId)
    .find((one) => operations[one].method === request.method && operations[one].path === template);
  if (id === undefined) throw new Error(`${request.method} ${template} is not in the operation table`);
  return id;
}

export function contextOf(request: Request, template: string): RequestContext {
  return {
    operationId: operationIdOf(request, template),
    request: `${request.method} ${request.url}`,
    requestId: request.headers.get(requestIdHeader) ?? "",
  };
}

/** The same request, as it was sent to another endpoint. */
export function contextAt(context: RequestContext, url: string): RequestContext {
  return { ...context, request: `${context.request.slice(0, context.request.indexOf(" "))} ${url}` };
}

/** A version 4 UUID. The platform's own, which is much cheaper, is missing on plain-http pages. */
export function randomRequestId(): string {
  const { randomUUID }: { randomUUID?: () => string } = crypto;
  if (randomUUID !== undefined) return randomUUID.call(crypto);
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
