import { type Operation, type OperationId, type OperationTypes, operations } from "@sf-image-store/types";
import { createFinalURL, type FetchResponse, type RequestBodyOption } from "openapi-fetch";
import type { AnyOperationId, RequestContext } from "../errors/errors.js";
import { type Answer, parseServerJson, unexpected } from "../wire/answer.js";
import { type Body, type SendableInit, serializeQuery } from "../wire/request.js";
import { requireSignal, validateParameters } from "../wire/validation.js";
import { checkedText } from "./answers.js";
import type { OperationOptions } from "./options.js";
import { limitsOf, randomRequestId, requestIdHeader } from "./request.js";
import type { Transport } from "./transport.js";

type ParametersOf<Id extends OperationId> = OperationTypes[Id]["parameters"];

/** What differs between two calls of an operation. `call` adds the api-version and the server timeout. */
export type CallInput<Id extends OperationId> = Pick<ParametersOf<Id>, "path" | "header"> & {
  readonly query?: Omit<ParametersOf<Id>["query"], "api-version" | "timeout">;
} & (Id extends "UploadFile" | "UploadFileChunk"
    ? { readonly content: Content }
    : RequestBodyOption<OperationTypes[Id]>);

/** File content to send. */
export interface Content {
  readonly size: number;
  /** Creates a new body for each attempt. */
  readonly body: () => Body;
  /** What the content adds to the headers and to the other properties of the request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly init: Pick<SendableInit, "duplex" | "onBodySent">;
}

type JsonOf<Id extends OperationId> = FetchResponse<OperationTypes[Id], object, "application/json">["data"];

/** Sends the request of an operation of the image store. See `callOperation`. */
export function call<Id extends OperationId>(
  http: Transport,
  operationId: Id,
  options: OperationOptions,
  input: CallInput<Id>,
): Promise<Answer<JsonOf<Id>>> {
  return callOperation(http, operationId, operations[operationId], options, input);
}

/**
 * Sends the request of an operation. Validates the input before anything is sent. Rejects with an error of this package unless
 * the response is a documented success.
 *
 * Uses openapi-fetch for types and URLs, but calls `fetch(url, init)` itself: creating a Request and a second Response would
 * copy all content and, on Node, would cost more CPU time than everything else that the client does for a small request.
 *
 * @typeParam Json The documented content of a success. The response is not checked against it.
 * @param answerBytes The maximum size of the response. Default: that of an operation of the image store.
 */
export async function callOperation<Json>(
  http: Transport,
  operationId: AnyOperationId,
  operation: Operation,
  { timeoutSeconds, abortSignal }: OperationOptions,
  { body, content, ...groups }: AnyInput,
  answerBytes?: number,
): Promise<Answer<Json>> {
  const query = { "api-version": operation.apiVersion, timeout: timeoutSeconds, ...groups.query };
  validateParameters(operation, { ...groups, query });
  const signal = requireSignal(abortSignal);
  const url = createFinalURL(operation.path, {
    baseUrl: http.baseUrl,
    params: { query, path: { ...groups.path } },
    querySerializer: serializeQuery,
    pathSerializer: http.pathSerializer,
  });
  const requestId = randomRequestId();
  const sent: RequestContext = { operationId, request: `${operation.method} ${url}`, requestId };
  const json = body === undefined ? undefined : JSON.stringify(body);
  const init: SendableInit = {
    method: operation.method,
    headers: {
      ...http.headers,
      ...groups.header,
      ...(operation.body === undefined ? {} : { "Content-Type": operation.body.contentType }),
      ...content?.headers,
      [requestIdHeader]: requestId,
    },
    // Gateways never redirect. Following a redirect would send the body to another server.
    redirect: "manual",
    ...content?.init,
    ...(signal === undefined ? {} : { signal }),
  };
  const createBody = json === undefined ? content?.body : () => json;
  const { text, context, response } = await checkedText(http, sent, {
    url,
    init,
    success: operation.success,
    limits: limitsOf(operationId, timeoutSeconds, content?.size ?? 0, answerBytes),
    ...(createBody === undefined ? {} : { body: createBody }),
  });
  if (text === "") return { data: undefined, context, response };
  try {
    return { data: parseServerJson(text), context, response };
  } catch (cause) {
    throw unexpected({ context, response }, "its response is not JSON", { cause });
  }
}

/** A CallInput without knowledge of its operation. */
export interface AnyInput {
  readonly query?: object;
  readonly header?: object | undefined;
  readonly path?: object | undefined;
  readonly body?: unknown;
  readonly content?: Content;
}
