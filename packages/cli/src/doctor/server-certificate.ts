import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect } from "node:tls";

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
