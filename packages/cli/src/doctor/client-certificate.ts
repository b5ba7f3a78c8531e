import type { X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { ClientCertificate } from "@sf-image-store/client/node";

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

function buffer(contents: string | Uint8Array): Buffer {
  return Buffer.from(contents);
}
