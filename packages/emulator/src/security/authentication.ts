import type { IncomingMessage } from "node:http";
import { FabricError } from "../wire/fabric-error.js";
import type { RequestBody } from "../wire/request-body.js";
import type { Clock } from "../wire/time.js";
import { lateClientCertificates } from "./client-certificates.js";
import type { BearerOptions, TlsOptions } from "./options.js";

/**
 * Authenticates callers, in addition to the TLS handshake. The returned function rejects with a FabricError or a
 * ClientCertificateError.
 */
export function createAuthentication(
  tls: TlsOptions | undefined,
  bearer: BearerOptions | undefined,
  clock: Clock,
): (request: IncomingMessage, body: RequestBody) => Promise<void> {
  const isLate = tls?.clientCa !== undefined && tls.clientCertificate === "late";
  const checkCertificate = isLate
    ? lateClientCertificates({ ca: tls.clientCa, eku: tls.clientEku })
    : undefined;
  if (bearer !== undefined && bearer.tokens === undefined && bearer.audience === undefined) {
    throw new TypeError("The bearer option needs tokens, an audience, or both.");
  }
  return async (request, body) => {
    await checkCertificate?.(request, body);
    if (bearer !== undefined) checkBearer(bearer, clock, request.headers.authorization);
  };
}

/** Checks the `Authorization` header of a request. @throws FabricError 401 if it contains no acceptable token. */
function checkBearer(
  { tokens, audience }: BearerOptions,
  clock: Clock,
  authorization: string | undefined,
): void {
  const token = /^Bearer +([^ ]+) *$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw refused("A bearer token is required.");
  if (tokens !== undefined && !tokens.includes(token))
    throw refused("The bearer token is not one of the accepted tokens.");
  if (audience === undefined) return;
  const claims = readClaims(token);
  const { aud, exp } = claims;
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(audience)) throw refused("The bearer token is for another audience.");
  if (exp !== undefined && !(typeof exp === "number" && exp * 1000 > clock.now())) {
    throw refused("The bearer token has expired.");
  }
}

function refused(message: string): FabricError {
  return new FabricError("FABRIC_E_SERVER_AUTHENTICATION_FAILED", message);
}

/** The middle part of a JSON web token. */
function readClaims(token: string): Readonly<Record<string, unknown>> {
  try {
    const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
    const claims: unknown = JSON.parse(text);
    if (typeof claims === "object" && claims !== null) return { ...claims };
  } catch {
    // Reported below.
  }
  throw refused("The bearer token is not a JSON web token.");
}
