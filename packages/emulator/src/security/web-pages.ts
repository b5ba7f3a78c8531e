import type { IncomingMessage } from "node:http";
import { FabricError } from "../fabric-error.js";

/**
 * Keeps web pages away from an emulator that only this machine can reach: a browser on it sends whatever a page asks for.
 * A page says so in `Origin`, and one that lets its own name point here (DNS rebinding) in `Host`.
 * @param isListed whether the page's origin is one that was asked for.
 * @throws FabricError `E_ACCESSDENIED`
 */
export function refuseWebPages({ headers: { host, origin } }: IncomingMessage, isListed: boolean): void {
  if (host !== undefined && !isOfThisMachine(`http://${host}`)) {
    throw new FabricError("E_ACCESSDENIED", "The Host header names another machine.");
  }
  // A page of this machine is somebody's work in progress; the emulator's own is one of them.
  if (origin !== undefined && !isListed && !isLoopbackUrl(origin)) {
    throw new FabricError("E_ACCESSDENIED", "Web pages of other origins are not served.");
  }
}

/** A name without a dot is no name that a stranger can own: it comes from this machine or its network. */
function isOfThisMachine(url: string): boolean {
  return isLoopbackUrl(url) || /^[^.:[\]]+$/.test(hostnameOf(url) ?? ".");
}

function isLoopbackUrl(url: string): boolean {
  const name = hostnameOf(url);
  return name === "localhost" || name === "[::1]" || /^127(\.\d+){3}$/.test(name ?? "");
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
