import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { FabricError } from "../fabric-error.js";

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** A chain that is longer was made to keep us busy. */
const longestChain = 10;

/** How much of a body HTTP.sys reads ahead while it negotiates; more than that, unasked for, ends in a refusal. */
const readAheadBytes = 48 * 1024;

/**
 * Asks for the client's certificate once per connection, after the head of its first request was read: this is what
 * HTTP.sys does on a secure cluster, and what resets large bodies that were sent without waiting.
 */
export function lateClientCertificates(ca: string | Uint8Array): (request: IncomingMessage) => Promise<void> {
  const authorities = readCertificates(ca);
  const asked = new WeakMap<TLSSocket, Promise<X509Certificate[]>>();
  return async ({ socket, headers }) => {
    if (!(socket instanceof TLSSocket)) return;
    const isTooMuch = headers.expect === undefined && Number(headers["content-length"] ?? 0) > readAheadBytes;
    if (isTooMuch && !asked.has(socket)) {
      throw new FabricError(
        "E_ACCESSDENIED",
        "A client certificate is required, and a body came in its place.",
      );
    }
    const chain = asked.get(socket) ?? renegotiate(socket);
    asked.set(socket, chain);
    checkChain(await chain, authorities);
  };
}

/** @throws Error for a text without certificates. */
export function readCertificates(pem: string | Uint8Array): X509Certificate[] {
  const text = typeof pem === "string" ? pem : Buffer.from(pem).toString("latin1");
  const found = (text.match(pemCertificate) ?? []).map((block) => new X509Certificate(block));
  if (found.length === 0) throw new Error("The client CA holds no certificate in PEM form.");
  return found;
}

/** The client's chain, its own certificate first; empty when it has none. */
function renegotiate(socket: TLSSocket): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new FabricError("E_ABORT"));
    socket.once("close", onClose);
    // An untrusted certificate is judged afterwards, so that the refusal is an answer and not a broken connection.
    socket.renegotiate({ requestCert: true, rejectUnauthorized: false }, (error) => {
      socket.off("close", onClose);
      if (error !== null) reject(error);
      else resolve(peerChain(socket));
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

/** Follows the chain from the client's own certificate until one of the authorities vouches for a link. */
function checkChain(chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): void {
  if (chain.length === 0) throw new FabricError("E_ACCESSDENIED", "A client certificate is required.");
  for (const [index, link] of chain.entries()) {
    if (!isCurrent(link)) break;
    // A certificate that was named itself needs nobody to vouch for it.
    if (index === 0 && authorities.some((authority) => authority.raw.equals(link.raw))) return;
    if (authorities.some((authority) => isCurrent(authority) && isIssuedBy(link, authority))) return;
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(link, issuer)) break;
  }
  throw new FabricError("E_ACCESSDENIED", "The client certificate is not trusted.");
}

/** Every client's certificate can sign; only an authority's counts. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isCurrent({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}
