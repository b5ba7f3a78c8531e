import { X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { TransportError } from "./options.js";
import { judgeServer, type Presented, ServerCertificateError, type ServerTrust } from "./server-trust.js";

export interface SecureConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** What carries the connection, if not one of its own. */
  readonly tunnel: Socket | undefined;
  readonly secureContext: SecureContext;
  readonly trust: ServerTrust;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A connection to a server that has been accepted: nobody can write to it before that. OpenSSL is told to let every
 * server pass, as the thumbprint of one that it would refuse may be pinned; so the verdict falls here, for every handshake,
 * a renegotiated one too. There is no cache of TLS sessions: a resumed session shows no certificate to judge.
 */
export function connectSecurely(options: SecureConnectionOptions): Promise<TLSSocket> {
  const { host, port, tunnel, secureContext, trust, connectTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(tunnel === undefined ? { host, port, ...socketOptions } : { socket: tunnel }),
      servername: isIP(host) === 0 ? host : "",
      ALPNProtocols: ["http/1.1"],
      secureContext,
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    const onAbort = () => socket.destroy(signal?.reason);
    const onTimeout = () => {
      const message = `${host}:${port} did not complete a connection: nothing moved for ${connectTimeoutMs} ms`;
      socket.destroy(new TransportError("ETIMEDOUT", message));
    };
    const onClose = () => reject(new Error(`${host}:${port} closed the connection during the TLS handshake`));
    socket.on("secureConnect", () => {
      const refusal = judgeServer(trust, present(socket, host));
      if (refusal === undefined) settle(() => resolve(socket));
      else socket.destroy(new ServerCertificateError(`${host}:${port}`, refusal));
    });
    const settle = (how: () => void) => {
      signal?.removeEventListener("abort", onAbort);
      socket.off("timeout", onTimeout).off("error", reject).off("close", onClose).setTimeout(0);
      how();
    };
    socket.on("error", reject).on("close", onClose).on("timeout", onTimeout);
    socket.setTimeout(connectTimeoutMs);
    signal?.addEventListener("abort", onAbort);
    socket.once("close", () => signal?.removeEventListener("abort", onAbort));
    if (signal?.aborted) onAbort();
  });
}

function present(socket: TLSSocket, host: string): Presented {
  // Not by getPeerX509Certificate: after that call, this one gives nothing.
  const details = socket.getPeerCertificate(true);
  const CN = details.subject?.CN;
  return {
    host,
    certificate: readRaw(details),
    issuer: readRaw(details.issuerCertificate),
    chainError: socket.authorized ? undefined : String(socket.authorizationError),
    hostError: details.raw === undefined ? undefined : checkServerIdentity(host, details)?.message,
    // Of several names nobody knows which one was meant.
    commonName: typeof CN === "string" ? CN : undefined,
  };
}

/** Where there is no certificate, Node gives an object without properties, whatever its type says. */
function readRaw(details: Partial<PeerCertificate> | undefined): X509Certificate | undefined {
  return details?.raw === undefined ? undefined : new X509Certificate(details.raw);
}

/**
 * Probes show that a peer is gone while a request waits for its answer, for which there is no limit of time. They begin
 * late: libuv gives up after ten of them, a second apart, and a network may be away for longer than that.
 */
export const keepAliveProbeMs = 30_000;

const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbeMs,
} as const;
