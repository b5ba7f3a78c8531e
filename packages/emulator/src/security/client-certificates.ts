import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { FabricError } from "../wire/fabric-error.js";
import type { RequestBody } from "../wire/request-body.js";
import type { TlsOptions } from "./options.js";

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** Limits the work that an attacker can cause with a long chain. */
const maxChainLength = 10;

/** The extended key usage for client authentication. */
const clientAuthentication = "1.3.6.1.5.5.7.3.2";

/** How much of a body HTTP.sys reads ahead while it negotiates. It rejects a client that sends more without waiting. */
const readAheadBytes = 48 * 1024;

/** How long to wait for a certificate. A client that ignores the request for one would otherwise wait forever. */
const defaultTimeoutMs = 5_000;

/** The caller has no acceptable certificate. The message is for the log only, because the response has no body. */
export class ClientCertificateError extends Error {
  override readonly name = "ClientCertificateError";
  /** Whether the connection must close, because a handshake on it has not ended. */
  readonly isFinal: boolean;

  constructor(message: string, { isFinal = false, ...options }: ErrorOptions & { isFinal?: boolean } = {}) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

/**
 * Asks for the client certificate once per connection, after the head of the first request, as HTTP.sys does on a secure
 * cluster. That is why such a cluster resets connections with large bodies that were sent without waiting. The returned
 * function rejects with a ClientCertificateError.
 */
export function lateClientCertificates(
  trust: ClientTrust,
  timeoutMs: number = defaultTimeoutMs,
): (request: IncomingMessage, body: RequestBody) => Promise<void> {
  const findProblem = chainVerifier(trust);
  const asked = new WeakMap<TLSSocket, Promise<X509Certificate[]>>();
  return async ({ socket, headers }, body) => {
    if (!(socket instanceof TLSSocket)) return;
    const isTooMuch = headers.expect === undefined && Number(headers["content-length"] ?? 0) > readAheadBytes;
    if (isTooMuch && !asked.has(socket)) throw new ClientCertificateError(tooMuch);
    const chain = asked.get(socket) ?? renegotiate(socket, timeoutMs);
    asked.set(socket, chain);
    const overflow = () => new ClientCertificateError(tooMuch, { isFinal: true });
    const problem = findProblem(await body.readAhead(readAheadBytes, chain, overflow));
    if (problem !== undefined) throw new ClientCertificateError(problem);
  };
}

const tooMuch = `More than ${readAheadBytes} bytes of a body arrived before the client certificate.`;

/** @throws Error if the text contains no certificates. */
export function readCertificates(pem: string | Uint8Array): X509Certificate[] {
  const text = typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
  const found = (text.match(pemCertificate) ?? []).map((block) => new X509Certificate(block));
  if (found.length === 0) throw new Error("The client CA contains no certificate in PEM format.");
  return found;
}

/** The client's chain, starting with its own certificate. Empty if it has none. */
async function renegotiate(socket: TLSSocket, timeoutMs: number): Promise<X509Certificate[]> {
  // Do not renegotiate inside the HTTP parser, which runs while OpenSSL reads: OpenSSL drops the connection if it has to
  // write a handshake in the middle of a record.
  await new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer);
      socket.off("close", onClose);
      how();
    };
    const onClose = () => settle(() => reject(new FabricError("E_ABORT")));
    const timer = setTimeout(() => {
      const message = `The client did not send a certificate within ${timeoutMs} ms.`;
      settle(() => reject(new ClientCertificateError(message, { isFinal: true })));
    }, timeoutMs);
    if (socket.destroyed) {
      onClose();
      return;
    }
    socket.once("close", onClose);
    // Verify the certificate afterwards, so that the client gets a response instead of a broken connection.
    socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, (error) => {
      settle(() => (error === null ? resolve(peerChain(socket)) : reject(error)));
    });
  });
}

/** Since version 24, Node.js reports only the first certificate, so `clientCa` must contain intermediate authorities. */
function peerChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < maxChainLength) {
    chain.push(new X509Certificate(certificate.raw));
    // A self-signed certificate is its own issuer.
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** Which client certificates are trusted. */
export interface ClientTrust {
  /** Authorities, in PEM. */
  readonly ca: string | Uint8Array;
  /** Default: `client`. */
  readonly eku?: TlsOptions["clientEku"];
}

/** Returns why a chain, starting with the client's own certificate, is not accepted. Undefined if it is. */
type ChainVerifier = (chain: readonly X509Certificate[]) => string | undefined;

/** @throws Error if `ca` contains no certificate. */
function chainVerifier({ ca, eku = "client" }: ClientTrust): ChainVerifier {
  const authorities = readCertificates(ca);
  return (chain) => {
    const [own] = chain;
    if (own === undefined) return "The client has no certificate.";
    if (!isTrusted(chain, authorities)) return "The client certificate is not trusted.";
    const isForClients = own.keyUsage?.includes(clientAuthentication) ?? true;
    return eku === "any" || isForClients
      ? undefined
      : "The client certificate is not for client authentication: its extended key usage does not include it.";
  };
}

/** Checks the certificate that the client sent in the handshake. Used where OpenSSL's own check is too strict. */
export function handshakeVerifier(trust: ClientTrust): (socket: TLSSocket) => boolean {
  const findProblem = chainVerifier(trust);
  return (socket) => findProblem(peerChain(socket)) === undefined;
}

/** Follows the chain from the client's own certificate to a certificate that one of the authorities issued. */
function isTrusted(chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  for (const [index, link] of chain.entries()) {
    if (!isCurrent(link)) return false;
    // A certificate that is listed as an authority is trusted without an issuer.
    if (authorities.some((authority) => authority.raw.equals(link.raw))) return true;
    if (authorities.some((authority) => isCurrent(authority) && isIssuedBy(link, authority))) return true;
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(link, issuer)) return false;
  }
  return false;
}

/** Any certificate can sign another one, so the issuer must be a certificate authority. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isCurrent({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}
