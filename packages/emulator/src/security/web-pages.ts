import type { IncomingMessage } from "node:http";
import { isLoopback } from "@sf-image-store/types";
import { type Answer, noContentAnswer } from "../wire/answers.js";
import { FabricError } from "../wire/fabric-error.js";

/**
 * Rejects requests from web pages of other sites. Call it only if the emulator listens on a loopback address: any page that
 * is open in a browser on this machine could reach it. The `Origin` header identifies such a page. With DNS rebinding there
 * is no `Origin`, but the `Host` header names the page's own host.
 * @param isListed Whether `corsOrigins` contains the page's origin.
 * @throws FabricError `E_ACCESSDENIED`
 */
export function refuseWebPages({ headers: { host, origin } }: IncomingMessage, isListed: boolean): void {
  if (host !== undefined && host !== lastLocalHost) {
    if (isLocalHost(hostnameOf(`http://${host}`))) lastLocalHost = host;
    else throw new FabricError("E_ACCESSDENIED", "The Host header names another machine.");
  }
  // Allow pages served from this machine, for example by a development server or by the emulator itself.
  if (origin !== undefined && !isListed && !isLoopback(hostnameOf(origin))) {
    throw new FabricError(
      "E_ACCESSDENIED",
      "This web page's origin is not allowed. To allow it, use the option corsOrigins or --cors-origin.",
    );
  }
}

/** A client sends the same header with every request, and parsing it takes as long as routing the request. */
let lastLocalHost: string | undefined;

/** A name without a dot is local too: an attacker cannot register one in public DNS. */
function isLocalHost(hostname: string): boolean {
  return isLoopback(hostname) || /^[^.:[\]]+$/.test(hostname);
}

/** Empty if the text is not a URL. */
function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

/** Cross-origin resource sharing for pages of the listed origins. */
export interface Cors {
  /** Whether the request comes from a page of a listed origin. */
  isAllowed(request: IncomingMessage): boolean;
  /** The headers for every response to the request, including errors, so that the page can read them. */
  headers(request: IncomingMessage): Readonly<Record<string, string>>;
  /** The response to a preflight request. Undefined for any other request. */
  preflight(request: IncomingMessage): Answer | undefined;
}

/** Browsers cache a preflight response this long. Two hours is the maximum in Chromium. */
const preflightLifetimeSeconds = 7200;

const preflightHeaders = {
  "Access-Control-Allow-Methods": "GET, PUT, POST, DELETE",
  "Access-Control-Allow-Headers":
    "Authorization, ClusterId, Content-Range, Content-Type, X-ServiceFabricRequestId",
  "Access-Control-Max-Age": String(preflightLifetimeSeconds),
} as const;

/** Without origins, it does not change any response. */
export function createCors(origins: readonly string[]): Cors {
  const isAllowed = ({ headers: { origin } }: IncomingMessage) =>
    origin !== undefined && origins.includes(origin);
  return {
    isAllowed,
    headers(request) {
      if (origins.length === 0) return {};
      // Caches must not reuse the response to another origin for a listed one.
      const vary = { Vary: "Origin" };
      const { origin } = request.headers;
      if (origin === undefined || !isAllowed(request)) return vary;
      return {
        ...vary,
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
      };
    },
    preflight(request) {
      const isPreflight =
        request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
      return isPreflight && isAllowed(request)
        ? { ...noContentAnswer(), headers: preflightHeaders }
        : undefined;
    },
  };
}

/** Whether a text is an origin exactly as browsers send it. `*` and `null` are not origins. */
export function isOrigin(text: string): boolean {
  if (!/^https?:/.test(text) || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
}
