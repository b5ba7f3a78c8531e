import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";
import type { ClientCertificate } from "@sf-image-store/client/node";
import { type Finding, fail, ok, warn } from "./finding.js";

const dayMs = 86_400_000;
/** From so many days before its end, a certificate should be replaced. */
const soon = 30;

/** Whether a certificate is valid, and for how long. */
export function judgeDates(
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
  const says = `${name} is valid until ${until} (${days === 1 ? "1 day" : `${days} days`} left)`;
  return days < soon ? warn(check, says, renewal) : ok(check, says);
}

/** The extended key usage for client authentication. */
const clientAuthentication = "1.3.6.1.5.5.7.3.2";
const notice =
  "https://github.com/microsoft/service-fabric/blob/master/release_notes/Resources/ClientEKURemoval.md";

/** The certificate that would be shown to servers. TLS itself is asked: nothing else reads PKCS #12 files. */
export function ownCertificate(given: ClientCertificate): X509Certificate | undefined {
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
 * Public authorities stop issuing certificates for client authentication in 2026. Whether a gateway takes one without is
 * not settled by what Microsoft has published.
 */
export function judgeUsage({ subject, keyUsage }: X509Certificate): Finding | undefined {
  // Node.js gives undefined, whatever its type says, for a certificate that names no usage: that is good for all.
  const usages: readonly string[] = keyUsage ?? [];
  if (usages.length === 0 || usages.includes(clientAuthentication)) return undefined;
  const name = (subject ?? "").replaceAll(/\s+/g, " ");
  return warn(
    "client-certificate-usage",
    `${name} is not issued for client authentication: its extended key usage (EKU) contains only ${usages.join(", ")}`,
    `This client sends it anyway. .NET clients do not, and Microsoft requires client certificates with this usage (${notice}). If the cluster rejects it, get a certificate for client authentication, for example from a private certificate authority.`,
  );
}

function buffer(contents: string | Uint8Array): Buffer {
  return Buffer.from(contents);
}

/**
 * The certificate that a server shows, good or not. The connection is closed as soon as it is there: nothing is sent, and
 * whether the server is trusted is for the client to judge. Undefined where there is no TLS, or only through a proxy.
 */
export function shownCertificate(
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
