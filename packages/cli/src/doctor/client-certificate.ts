import type { X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { ClientCertificate } from "@sf-image-store/client/node";
import { type Finding, warn } from "./finding.js";

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
    `${name} is not for client authentication: its extended key usage (EKU) names ${usages.join(", ")} only`,
    `It is sent nevertheless, but .NET clients do not send it, and Microsoft asks for client certificates that keep this usage (${notice}). If the cluster refuses it, get one with client authentication, for example from a private authority.`,
  );
}

function buffer(contents: string | Uint8Array): Buffer {
  return Buffer.from(contents);
}
