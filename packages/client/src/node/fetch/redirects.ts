import type { Outgoing } from "./outgoing.js";
import { fetchFailed, TransportError } from "./transport-error.js";

/** As many as the platform's fetch follows. */
const mostRedirects = 20;
const redirecting = new Set([301, 302, 303, 307, 308]);

/** Names that say nothing of who asks. Any other header may hold a secret that one server knows and another must not. */
const crossesOrigins = new Set([
  "accept",
  "accept-language",
  "content-language",
  "content-type",
  "range",
  "user-agent",
]);

/** Sends a request, and follows where its answers point as far as `redirect` lets it. */
export async function followRedirects(
  first: Outgoing,
  send: (outgoing: Outgoing) => Promise<Response>,
): Promise<Response> {
  let outgoing = first;
  for (let count = 0; ; count++) {
    const response = await send(outgoing);
    const location = redirecting.has(response.status) ? response.headers.get("location") : null;
    if (location === null || first.redirect === "manual") return response;
    await response.body?.cancel();
    const refusal = count === mostRedirects ? `more than ${mostRedirects} times` : refuse(outgoing, location);
    if (refusal !== undefined) {
      throw fetchFailed(new TransportError("ERR_REDIRECTED", `the request was redirected ${refusal}`));
    }
    outgoing = redirected(outgoing, new URL(location, outgoing.url));
  }
}

function refuse({ redirect, method, url }: Outgoing, location: string): string | undefined {
  if (redirect === "error") return "although redirect is error";
  if (method !== "GET" && method !== "HEAD") return `elsewhere, which is not followed for ${method}`;
  if (!URL.canParse(location, url.href)) return "to what is no URL";
  const { protocol } = new URL(location, url);
  if (protocol !== url.protocol && protocol !== "https:") return `from ${url.protocol} to ${protocol}`;
  return undefined;
}

function redirected(outgoing: Outgoing, url: URL): Outgoing {
  url.username = "";
  url.password = "";
  if (url.origin === outgoing.url.origin) return { ...outgoing, url, isRedirected: true };
  const headers = outgoing.headers.filter(([name]) => crossesOrigins.has(name));
  return { ...outgoing, url, headers, isRedirected: true };
}
