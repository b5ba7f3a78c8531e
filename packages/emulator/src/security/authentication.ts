import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.js";
import type { RequestBody } from "../request-body.js";
import { checkBearer } from "./bearer.js";
import { lateClientCertificates } from "./late-client-certificate.js";
import type { BearerOptions, TlsOptions } from "./options.js";

/**
 * How callers show who they are, beyond what the TLS handshake has settled. Rejects with a FabricError or a
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
