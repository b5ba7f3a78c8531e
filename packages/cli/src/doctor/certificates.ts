import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect, createSecureContext, TLSSocket } from "node:tls";
import type { ClientCertificate, NodeFetchOptions } from "@sf-image-store/client/node";
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
    `Public certificate authorities no longer issue client certificates with this usage. This client sends the certificate anyway; .NET clients on Windows do not. Microsoft asks for certificates with this usage (${ekuNoticeUrl}). If the cluster rejects it, get one for client authentication from a private certificate authority, or sign in with --aad.`,
  );
}

function buffer(contents: string | Uint8Array): Buffer {
  return Buffer.from(contents);
}

/** The certificate that a server presents, and how to accept it by name. */
export interface ServerCertificate {
  readonly certificate: X509Certificate;
  /** Undefined if the subject has no common name, or several. */
  readonly commonName: string | undefined;
  /** The SHA-1 thumbprint, as Azure shows it. */
  readonly thumbprint: string;
  /** Flags that accept this certificate and its successors. Undefined for a self-signed certificate. */
  readonly flagsByName: string | undefined;
  /** Whether the name is that of a managed cluster, whose certificate Azure replaces without notice. */
  readonly isManaged: boolean;
}

/**
 * Reads the certificate that the server presents, valid or not. Closes the connection without sending anything. The client
 * decides separately whether to trust the server. Undefined without TLS, and if the server is only reachable through
 * a proxy.
 */
export function fetchServerCertificate(
  endpoint: string,
  ca: NodeFetchOptions["ca"],
  signal: AbortSignal,
): Promise<ServerCertificate | undefined> {
  const { hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      rejectUnauthorized: false,
      // Only the chain counts here: a common name replaces the check of the host name.
      checkServerIdentity: () => undefined,
      ...(ca === undefined ? {} : { ca: [ca].flat().map((each) => buffer(each)) }),
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (certificate?: ServerCertificate) => {
      signal.removeEventListener("abort", stop);
      socket.destroy();
      resolve(certificate);
    };
    const stop = () => end();
    signal.addEventListener("abort", stop, { once: true });
    socket.setTimeout(10_000, stop);
    socket.once("secureConnect", () => end(readServerCertificate(socket)));
    socket.on("error", stop);
  });
}

/** The suffix of the names of managed clusters; the name begins with the ID of the cluster without dashes. */
const managedSuffix = ".sfmc.azclient.ms";

function readServerCertificate(socket: TLSSocket): ServerCertificate | undefined {
  const { raw, subject, issuerCertificate } = socket.getPeerCertificate(true);
  if (raw === undefined) return undefined;
  const certificate = new X509Certificate(raw);
  const { CN } = subject;
  const commonName = typeof CN === "string" ? CN : undefined;
  const thumbprint = bareThumbprint(certificate);
  const issuer =
    issuerCertificate?.raw === undefined ? undefined : new X509Certificate(issuerCertificate.raw);
  return {
    certificate,
    commonName,
    thumbprint,
    flagsByName: flagsByName(commonName, thumbprint, issuer, socket.authorized),
    isManaged: commonName?.toLowerCase().endsWith(managedSuffix) === true,
  };
}

function flagsByName(
  commonName: string | undefined,
  thumbprint: string,
  issuer: X509Certificate | undefined,
  isTrusted: boolean,
): string | undefined {
  // Users copy the flags into a shell, and the server chooses the name.
  if (commonName === undefined || !/^[\w.*-]+$/.test(commonName)) return undefined;
  const byName = `--server-common-name ${commonName}`;
  if (isTrusted) return byName;
  if (issuer === undefined || bareThumbprint(issuer) === thumbprint) return undefined;
  return `${byName} --server-issuer-thumbprint ${bareThumbprint(issuer)}`;
}

function bareThumbprint({ fingerprint }: X509Certificate): string {
  return fingerprint.replaceAll(":", "");
}

/** What `connect` says about a server that is accepted by its thumbprint or not verified; undefined if there is nothing to say. */
export function adviceByName(server: ServerCertificate, options: NodeFetchOptions): string | undefined {
  const { flagsByName: flags, isManaged, commonName } = server;
  const { insecure, serverThumbprints, serverCommonNames } = options;
  if (flags === undefined || serverCommonNames !== undefined) return undefined;
  if (insecure === true)
    return `The server certificate was not verified. To verify it by its common name ${commonName}, replace --insecure with ${flags}.`;
  if (serverThumbprints === undefined) return undefined;
  const reason = isManaged
    ? "This is a managed cluster: Azure replaces its certificate without notice, and the thumbprint then no longer matches."
    : "The thumbprint no longer matches when the certificate of the cluster is replaced.";
  return `${reason} To accept the next certificate, too, replace --server-thumbprint with ${flags}.`;
}

/** Describes the certificate of a server that was not accepted, so that users can compare it with the one of their cluster. */
export function presentedText({
  certificate,
  commonName,
  thumbprint,
  flagsByName: flags,
}: ServerCertificate): string {
  const issuer = certificate.issuer.replaceAll(/\s+/g, " ");
  const name =
    commonName === undefined ? "a certificate without a single common name" : `the common name ${commonName}`;
  const next =
    flags === undefined
      ? `--server-thumbprint ${thumbprint}`
      : `${flags} (accepts later certificates, too) or --server-thumbprint ${thumbprint} (accepts only this one)`;
  return `The server presents ${name}, issued by ${issuer}, thumbprint ${thumbprint}. Compare the thumbprint with the one that the Azure portal or the owner of the cluster shows. If it is your cluster, use ${next}.`;
}
