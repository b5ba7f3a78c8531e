import { type Operation, type OperationId, operations } from "@sf-image-store/types";
import { type Answer, rememberContext } from "./answer.js";
import { type ByteStream, type Bytes, isByteStream, requestBody } from "./bytes.js";
import { checkedText } from "./checked-answer.js";
import { transportError } from "./error-mapping.js";
import type { RequestContext } from "./errors.js";
import type { Identity } from "./identity.js";
import { type ParameterGroups, validateParameters } from "./parameters.js";
import { randomRequestId, requestIdHeader } from "./request-context.js";
import type { Send, Sendable, SendableInit } from "./sendable.js";
import { serializeQuery } from "./url.js";

/** The operations whose body is the content of a file. */
type ByteOperationId = Extract<OperationId, "UploadFile" | "UploadFileChunk">;

export interface BytesRequest {
  readonly params: ParameterGroups;
  readonly bytes: Bytes | ByteStream;
  readonly signal?: AbortSignal;
  /** Told how many more bytes have been handed to the system, where the `fetch` can tell. */
  readonly onSent?: (bytes: number) => void;
}

/** Sends file content. Checks input and answer as every other operation does. */
export type PutBytes = (operationId: ByteOperationId, request: BytesRequest) => Promise<Answer<unknown>>;

interface Settings {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: "manual";
  readonly pathSerializer: (template: string, values: Readonly<Record<string, unknown>>) => string;
  readonly send: Send;
  readonly identity: Identity;
}

/**
 * Has `fetch(url, init)` called: the Request that openapi-fetch makes first would cost a copy of the bytes, and on Node
 * several times the processor time of the sending.
 */
export function putBytes(settings: Settings): PutBytes {
  return async (operationId, { params, bytes, signal, onSent }) => {
    const operation: Operation = operations[operationId];
    validateParameters(operation, params);
    const path = settings.pathSerializer(operation.path, { ...params.path });
    const url = `${settings.baseUrl}${path}?${serializeQuery({ ...params.query })}`;
    const requestId = randomRequestId();
    const context: RequestContext = { operationId, request: `${operation.method} ${url}`, requestId };
    const init: SendableInit = {
      method: operation.method,
      headers: {
        ...settings.headers,
        ...params.header,
        "Content-Type": operation.body?.contentType ?? "",
        [requestIdHeader]: requestId,
        // Without it a stream would go in pieces of unknown number, which an interrupted one resembles.
        ...(isByteStream(bytes) ? { "Content-Length": String(bytes.size) } : {}),
      },
      redirect: settings.redirect,
      ...(isByteStream(bytes) ? { duplex: "half" } : {}),
      ...(signal === undefined ? {} : { signal }),
      ...(onSent === undefined ? {} : { onBodySent: onSent }),
    };
    const body = () => requestBody(bytes);
    const response = await send(settings, { url, init, body }, context);
    const answer = await checkedText(context, response, signal, settings.identity);
    const data = answer.text === "" ? undefined : answer.text;
    return { response: rememberContext(response, answer.context), data };
  };
}

async function send(
  { send, identity }: Settings,
  request: Sendable,
  context: RequestContext,
): Promise<Response> {
  try {
    return await send(request);
  } catch (error) {
    throw transportError(context, error, request.init.signal ?? undefined, identity);
  }
}
