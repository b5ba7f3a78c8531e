import { createSecureContext, type SecureContext } from "node:tls";
import { InvalidInputError } from "../../errors/errors.js";
import { readClientCertificate } from "./client-certificate.js";
import type { NodeFetchOptions, TlsVersion } from "./options.js";
import { readPem } from "./pem.js";

const versions: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];

/** Everything that a handshake needs, read and checked once. Throws InvalidInputError. */
export function readSecureContext(options: NodeFetchOptions): SecureContext {
  const minVersion = requireVersion("minTlsVersion", options.minTlsVersion ?? "TLSv1.2");
  const maxVersion = requireVersion("maxTlsVersion", options.maxTlsVersion ?? "TLSv1.3");
  if (minVersion > maxVersion)
    throw new InvalidInputError("minTlsVersion", `must not be above ${maxVersion}`);
  const { clientCertificate, ca } = options;
  return createSecureContext({
    minVersion,
    maxVersion,
    ...(ca === undefined ? {} : { ca: readAuthorities(ca) }),
    ...(clientCertificate === undefined ? {} : readClientCertificate(clientCertificate)),
  });
}

function requireVersion(option: string, version: TlsVersion): TlsVersion {
  if (versions.includes(version)) return version;
  throw new InvalidInputError(option, `must be ${versions.join(" or ")}`);
}

function readAuthorities(ca: NonNullable<NodeFetchOptions["ca"]>): string[] {
  const files = typeof ca === "string" || ca instanceof Uint8Array ? [ca] : ca;
  const authorities = files.flatMap((file) => readPem("ca", file).certificates);
  // Nobody would be trusted, or with tls's own default, everybody it knows.
  if (authorities.length === 0) throw new InvalidInputError("ca", "must hold at least one certificate");
  return authorities.map((authority) => authority.toString());
}
