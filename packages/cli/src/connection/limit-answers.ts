import type { Fetch } from "@sf-image-store/client/node";

/** What a gateway takes at most when a request does not say (protocol §5.1). */
const usualSeconds = 60;
const longestMs = 2 ** 31 - 1;

/**
 * Ends requests that no answer can be expected for any more: a gateway may accept a connection and never say a word. The
 * server's own limit, and some time for the network. Content goes through uploads, which have limits of their own.
 */
export function limitAnswers(fetch: Fetch, networkMs = 30_000): Fetch {
  return async (input, init) => {
    const { method, url, signal } =
      typeof input === "string" ? { method: init?.method ?? "GET", url: input, signal: init?.signal } : input;
    if (method === "PUT") return fetch(input, init);
    const seconds = Number(new URL(url).searchParams.get("timeout") ?? usualSeconds);
    const ms = Math.min(seconds * 1000 + networkMs, longestMs);
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort(new DOMException(`nothing came back in ${Math.round(ms / 1000)} seconds`, "TimeoutError"));
    }, ms);
    try {
      return await fetch(input, {
        ...init,
        signal: AbortSignal.any([limit.signal, ...(signal ? [signal] : [])]),
      });
    } finally {
      clearTimeout(timer);
    }
  };
}
