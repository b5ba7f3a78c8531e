import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { FabricError } from "../wire/fabric-error.js";
import type { RequestBody } from "../wire/request-body.js";
import type { TlsOptions } from "./options.js";

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** A chain that is longer was made to keep us busy. */
const longestChain = 10;

/** The extended key usage of certificates that clients show. */
const clientAuthentication = "1.3.6.1.5.5.7.3.2";

/** How much of a body HTTP.sys reads ahead while it negotiates; more than that, unasked for, ends in a refusal. */
const readAheadBytes = 48 * 1024;

/** How long a client has to answer. A client that ignores the question would otherwise wait for its answer forever. */
const defaultTimeoutMs = 5_000;

/** The caller has not shown an acceptable certificate. The message says why, for the log only: the answer has no body. */
export class ClientCertificateError extends Error {
  override readonly name = "ClientCertificateError";
  /** Whether the connection cannot go on, because a handshake on it has not ended. */
  readonly isFinal: boolean;

  constructor(message: string, { isFinal = false, ...options }: ErrorOptions & { isFinal?: boolean } = {}) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

/**
 * Asks for the client's certificate once per connection, after the head of its first request was read: this is what
 * HTTP.sys does on a secure cluster, and what resets large bodies that were sent without waiting. The function that it
 * returns rejects with a ClientCertificateError.
 */
export function lateClientCertificates(
  trust: ClientTrust,
  timeoutMs: number = defaultTimeoutMs,
): (request: IncomingMessage, body: RequestBody) => Promise<void> {
  const judge = clientJudge(trust);
  const asked = new WeakMap<TLSSocket, Promise<X509Certificate[]>>();
  return async ({ socket, headers }, body) => {
    if (!(socket instanceof TLSSocket)) return;
    const isTooMuch = headers.expect === undefined && Number(headers["content-length"] ?? 0) > readAheadBytes;
    if (isTooMuch && !asked.has(socket)) throw new ClientCertificateError(tooMuch);
    const chain = asked.get(socket) ?? renegotiate(socket, timeoutMs);
    asked.set(socket, chain);
    const overflow = () => new ClientCertificateError(tooMuch, { isFinal: true });
    const refusal = judge(await body.readAhead(readAheadBytes, chain, overflow));
    if (refusal !== undefined) throw new ClientCertificateError(refusal);
  };
}

const tooMuch = `More than ${readAheadBytes} bytes of a body came before the client certificate.`;

/** @throws Error for a text without certificates. */
export function readCertificates(pem: string | Uint8Array): X509Certificate[] {
  const text = typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
  const found = (text.match(pemCertificate) ?? []).map((block) => new X509Certificate(block));
  if (found.length === 0) throw new Error("The client CA holds no certificate in PEM form.");
  return found;
}

/** The client's chain, its own certificate first; empty when it has none. */
async function renegotiate(socket: TLSSocket, timeoutMs: number): Promise<X509Certificate[]> {
  // Not from inside the HTTP parser, which runs while OpenSSL reads: OpenSSL drops the connection when it is told to
  // write a handshake with half of a record read.
  await new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve, reject) => {
    const settle = (how: () => void) => {
      clearTimeout(timer);
      socket.off("close", onClose);
      how();
    };
    const onClose = () => settle(() => reject(new FabricError("E_ABORT")));
    const timer = setTimeout(() => {
      const message = `The client did not answer within ${timeoutMs} ms when it was asked for a certificate.`;
      settle(() => reject(new ClientCertificateError(message, { isFinal: true })));
    }, timeoutMs);
    if (socket.destroyed) {
      onClose();
      return;
    }
    socket.once("close", onClose);
    // An untrusted certificate is judged afterwards, so that the refusal is an answer and not a broken connection.
    socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, (error) => {
      settle(() => (error === null ? resolve(peerChain(socket)) : reject(error)));
    });
  });
}

/** From version 24 on, Node tells only the first certificate: authorities in between then have to be named. */
function peerChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < longestChain) {
    chain.push(new X509Certificate(certificate.raw));
    // A self-signed certificate is its own issuer.
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** Whom clients have to be vouched for by. */
export interface ClientTrust {
  /** Authorities, in PEM. */
  readonly ca: string | Uint8Array;
  /** Default: `client`. */
  readonly eku?: TlsOptions["clientEku"];
}

/** Says why a client's chain, its own certificate first, is refused; undefined for one that is not. */
type ClientJudge = (chain: readonly X509Certificate[]) => string | undefined;

/** @throws Error for authorities without a certificate. */
function clientJudge({ ca, eku = "client" }: ClientTrust): ClientJudge {
  const authorities = readCertificates(ca);
  return (chain) => {
    const [own] = chain;
    if (own === undefined) return "The client has no certificate.";
    if (!isVouchedFor(chain, authorities)) return "The client certificate is not trusted.";
    const isForClients = own.keyUsage?.includes(clientAuthentication) ?? true;
    return eku === "any" || isForClients
      ? undefined
      : "The client certificate is not for client authentication: its extended key usage does not name it.";
  };
}

/** Whether a connection whose handshake asked for a certificate got an acceptable one, judged here and not by OpenSSL. */
export function handshakeJudge(trust: ClientTrust): (socket: TLSSocket) => boolean {
  const judge = clientJudge(trust);
  return (socket) => judge(peerChain(socket)) === undefined;
}

/** Follows the chain from the client's own certificate until one of the authorities vouches for a link. */
function isVouchedFor(chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  for (const [index, link] of chain.entries()) {
    if (!isCurrent(link)) return false;
    // A certificate that was named itself needs nobody to vouch for it.
    if (authorities.some((authority) => authority.raw.equals(link.raw))) return true;
    if (authorities.some((authority) => isCurrent(authority) && isIssuedBy(link, authority))) return true;
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(link, issuer)) return false;
  }
  return false;
}

/** Every client's certificate can sign; only an authority's counts. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isCurrent({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}
