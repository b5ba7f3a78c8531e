/** What is sent, with its exact length: bytes as they lie in memory, or a stream that is read as they go out. */
export type OutgoingBody = { readonly length: number; readonly contentType: string | undefined } & (
  | { readonly bytes: Uint8Array }
  | { readonly stream: ReadableStream<Uint8Array> }
);

/** @param announced the `content-length` header, which must be right. Throws TypeError. */
export async function readBody(
  body: RequestInit["body"],
  announced: number | undefined,
): Promise<OutgoingBody | undefined> {
  const read = await readAnyBody(body, announced);
  if (announced !== undefined && announced !== (read?.length ?? 0)) {
    throw new TypeError(
      `The content-length header says ${announced}, but the body has ${read?.length ?? 0} bytes`,
    );
  }
  return read;
}

async function readAnyBody(
  body: RequestInit["body"],
  announced: number | undefined,
): Promise<OutgoingBody | undefined> {
  if (body === undefined || body === null) return undefined;
  if (body instanceof Uint8Array) return ofBytes(body);
  if (typeof body === "string") return ofBytes(Buffer.from(body), "text/plain;charset=UTF-8");
  if (ArrayBuffer.isView(body)) return ofBytes(new Uint8Array(body.buffer, body.byteOffset, body.byteLength));
  if (body instanceof ArrayBuffer) return ofBytes(new Uint8Array(body));
  if (body instanceof ReadableStream) {
    if (announced !== undefined) return { length: announced, contentType: undefined, stream: body };
    throw new TypeError(
      "A stream as body needs a content-length header: gateways want to know the length first",
    );
  }
  if (body instanceof URLSearchParams) {
    return ofBytes(Buffer.from(String(body)), "application/x-www-form-urlencoded;charset=UTF-8");
  }
  if (body instanceof Blob) return ofBlob(body);
  if (body instanceof FormData) return ofBlob(await new Response(body).blob());
  throw new TypeError("The body must be bytes, text, a Blob, URLSearchParams, FormData or a ReadableStream");
}

function ofBytes(bytes: Uint8Array, contentType?: string): OutgoingBody {
  return { length: bytes.byteLength, contentType, bytes };
}

function ofBlob(blob: Blob): OutgoingBody {
  const contentType = blob.type === "" ? undefined : blob.type;
  return { length: blob.size, contentType, stream: blob.stream() };
}
