import type { Send, Sendable } from "../wire/sendable.js";
import type { Tokens } from "./tokens.js";

/**
 * Sends requests with a token. One that the server refuses is replaced, and the request sent once more, if there is
 * another: who lacks a right lacks it with the same token, too.
 */
export function authorize(tokens: Tokens, send: Send): Send {
  return async (request) => {
    const { signal } = request.init;
    const token = await tokens.get(signal);
    const received = await send(withToken(request, token));
    const { status } = received.response;
    if (status !== 401 && status !== 403) return received;
    tokens.refuse(token);
    // Without another one, the refusal says more than why there is none; the next request will tell that.
    const other = await tokens.get(signal).catch(() => token);
    if (other === token) return received;
    return send(withToken(request, other));
  };
}

function withToken(request: Sendable, token: string): Sendable {
  const headers = new Headers(request.init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...request, init: { ...request.init, headers } };
}
