import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";
import type { ClientCertificate } from "@sf-image-store/client/node";
import { type Finding, fail, ok, warn } from "./finding.js";

const dayMs = 86_400_000;
/** Number of days before expiration from which a certificate causes a warning. */
const warningDays = 30;

/** Checks the validity period of a certificate. */
export function checkValidity(
  check: string,
  { subject, validFrom, validTo }: Pick<X509Certificate, "subject" | "validFrom" | "validTo">,
  renewal: string,
  now: number,
): Finding {
  const name = (subject ?? "").replaceAll(/\s+/g, " ");
  const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
  const until = new Date(end).toISOString().slice(0, 10);
  const days = Math.floor((end - now) / dayMs);
  if (now > end) return fail(check, `${name} expired on ${until}`, renewal);
  if (now < begin) {
    return fail(check, `${name} is not valid before ${validFrom}`, "Check the clock of this machine.");
  }
  const message = `${name} is valid until ${until} (${days === 1 ? "1 day" : `${days} days`} left)`;
  return days < warningDays ? warn(check, message, renewal) : ok(check, message);
}

/** The OID of the extended key usage for client authentication. */
const clientAuthentication = "1.3.6.1.5.5.7.3.2";
const ekuNoticeUrl =
  "https://github.com/microsoft/service-fabric/blob/master/release_notes/Resources/ClientEKURemoval.md";

/** The client certificate that servers will see. Uses TLS to read it, because Node.js has no other PKCS #12 parser. */
export function loadClientCertificate(given: ClientCertificate): X509Certificate | undefined {
  const { passphrase } = given;
  const files =
    "pfx" in given
      ? { pfx: Buffer.from(given.pfx) }
      : "pem" in given
        ? { cert: buffer(given.pem), key: buffer(given.pem) }
        : { cert: buffer(given.cert), key: buffer(given.key) };
  const secureContext = createSecureContext({
    ...files,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  const socket = new TLSSocket(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
    secureContext,
  });
  try {
    return socket.getX509Certificate();
  } finally {
    socket.destroy();
  }
}

/**
 * Checks for the client authentication usage, which public authorities stop issuing in 2026. Microsoft's documents
 * do not say whether gateways accept certificates without it.
 */
export function checkKeyUsage({ subject, keyUsage }: X509Certificate): Finding | undefined {
  // Despite its type, keyUsage is undefined for a certificate without this extension, which allows all usages.
  const usages: readonly string[] = keyUsage ?? [];
  if (usages.length === 0 || usages.includes(clientAuthentication)) return undefined;
  const name = (subject ?? "").replaceAll(/\s+/g, " ");
  return warn(
    "client-certificate-usage",
    `${name} is not issued for client authentication: its extended key usage (EKU) contains only ${usages.join(", ")}`,
    `This client sends it anyway. .NET clients do not, and Microsoft requires client certificates with this usage (${ekuNoticeUrl}). If the cluster rejects it, get a certificate for client authentication, for example from a private certificate authority.`,
  );
}

function buffer(contents: string | Uint8Array): Buffer {
  return Buffer.from(contents);
}

/**
 * The certificate that the server presents, valid or not. Closes the connection without sending anything. The client
 * decides separately whether to trust the server. Undefined without TLS, and if the server is only reachable through
 * a proxy.
 */
export function fetchServerCertificate(
  endpoint: string,
  signal: AbortSignal,
): Promise<X509Certificate | undefined> {
  const { hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (certificate?: X509Certificate) => {
      signal.removeEventListener("abort", stop);
      socket.destroy();
      resolve(certificate);
    };
    const stop = () => end();
    signal.addEventListener("abort", stop, { once: true });
    socket.setTimeout(10_000, stop);
    socket.once("secureConnect", () => end(socket.getPeerX509Certificate()));
    socket.on("error", stop);
  });
}
