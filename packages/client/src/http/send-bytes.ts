import { type Operation, type OperationId, operations } from "@sf-image-store/types";
import type { RequestContext } from "../errors/errors.js";
import { type Answer, rememberAnswer } from "../wire/answer.js";
import { type ByteStream, type Bytes, byteLength, isByteStream, requestBody } from "../wire/bytes.js";
import { requireSignal } from "../wire/known-options.js";
import { type ParameterGroups, validateParameters } from "../wire/parameters.js";
import type { SendableInit } from "../wire/sendable.js";
import { serializeQuery } from "../wire/url.js";
import { checkedText } from "./checked-answer.js";
import { randomRequestId, requestIdHeader } from "./request-context.js";
import { limitsOf } from "./request-limits.js";
import type { ByteExchange } from "./transport.js";

/** The operations whose body is the content of a file. */
type ByteOperationId = Extract<OperationId, "UploadFile" | "UploadFileChunk">;

export interface BytesRequest {
  readonly params: ParameterGroups;
  readonly bytes: Bytes | ByteStream;
  readonly abortSignal?: AbortSignal;
  /** Told how many more bytes have been handed to the system, where the `fetch` can tell. */
  readonly onSent?: (bytes: number) => void;
}

/**
 * Sends file content. Checks input and answer as every other operation does.
 *
 * Has `fetch(url, init)` called: the Request that openapi-fetch makes first would cost a copy of the bytes, and on Node
 * several times the processor time of the sending.
 */
export async function putBytes(
  settings: ByteExchange,
  operationId: ByteOperationId,
  { params, bytes, abortSignal, onSent }: BytesRequest,
): Promise<Answer<unknown>> {
  const operation: Operation = operations[operationId];
  validateParameters(operation, params);
  const signal = requireSignal(abortSignal);
  const path = settings.pathSerializer(operation.path, { ...params.path });
  const url = `${settings.baseUrl}${path}?${serializeQuery({ ...params.query })}`;
  const requestId = randomRequestId();
  const sent: RequestContext = { operationId, request: `${operation.method} ${url}`, requestId };
  const size = isByteStream(bytes) ? bytes.size : byteLength("content", bytes);
  const init: SendableInit = {
    method: operation.method,
    headers: {
      ...settings.headers,
      ...params.header,
      "Content-Type": operation.body?.contentType ?? "",
      [requestIdHeader]: requestId,
      // Without it a stream would go in pieces of unknown number, which an interrupted one resembles.
      ...(isByteStream(bytes) ? { "Content-Length": String(size) } : {}),
    },
    redirect: settings.redirect,
    ...(isByteStream(bytes) ? { duplex: "half" } : {}),
    ...(signal === undefined ? {} : { signal }),
    ...(onSent === undefined ? {} : { onBodySent: onSent }),
  };
  const limits = limitsOf(operationId, params.query, size);
  const request = { url, init, body: () => requestBody(bytes), limits };
  const { text, context, response } = await checkedText(settings, sent, request);
  return { response: rememberAnswer(response, context), data: text === "" ? undefined : text };
}
