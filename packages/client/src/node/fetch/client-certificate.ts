import type { X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import { createSecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import { InvalidInputError } from "../../errors/errors.js";
import type { ClientCertificate } from "./options.js";
import { readPem } from "./pem.js";
import { openPrivateKey } from "./private-key.js";

const option = "clientCertificate";

/** What `tls` needs to show the certificate. Throws InvalidInputError for one that no server would take. */
export function readClientCertificate(given: ClientCertificate): SecureContextOptions {
  const { passphrase } = given;
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw new InvalidInputError(`${option}.passphrase`, "must be text");
  }
  if ("pfx" in given) return readPfx(given.pfx, passphrase);
  if ("pem" in given) {
    const { certificates, keys } = readPem(`${option}.pem`, given.pem);
    return readPair(`${option}.pem`, certificates, keys, passphrase);
  }
  if ("cert" in given && "key" in given) {
    const { certificates } = readPem(`${option}.cert`, given.cert);
    const { keys } = readPem(`${option}.key`, given.key);
    return readPair(option, certificates, keys, passphrase);
  }
  throw new InvalidInputError(option, "must have pem, or cert and key, or pfx");
}

function readPair(
  parameter: string,
  certificates: readonly X509Certificate[],
  keys: readonly string[],
  passphrase: string | undefined,
): SecureContextOptions {
  const [pem, ...more] = keys;
  if (pem === undefined) throw new InvalidInputError(parameter, "holds no private key");
  if (more.length > 0) throw new InvalidInputError(parameter, "holds more than one private key");
  if (certificates.length === 0) throw new InvalidInputError(parameter, "holds no certificate");
  const key = openPrivateKey(parameter, pem, passphrase);
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) {
    const names = certificates.map(({ subject }) => subject.replaceAll("\n", ", ")).join("; ");
    throw new InvalidInputError(
      parameter,
      `has a private key that belongs to none of its certificates (${names})`,
    );
  }
  requireCurrent(parameter, own);
  const chain = inOrder(own, certificates);
  return {
    cert: chain.map((certificate) => certificate.toString()).join(""),
    key: key.export({ type: "pkcs8", format: "pem" }),
  };
}

/** The chain as TLS sends it: each certificate followed by its issuer. Tools write them in any order. */
function inOrder(own: X509Certificate, certificates: readonly X509Certificate[]): X509Certificate[] {
  const issuer = certificates.find((other) => other !== own && own.checkIssued(other));
  if (issuer === undefined) return [own];
  const rest = certificates.filter((other) => other !== own);
  return [own, ...inOrder(issuer, rest)];
}

function readPfx(pfx: Uint8Array, passphrase: string | undefined): SecureContextOptions {
  const parameter = `${option}.pfx`;
  if (!(pfx instanceof Uint8Array))
    throw new InvalidInputError(parameter, "must be the bytes of a PKCS #12 file");
  const options = { pfx: Buffer.from(pfx), ...(passphrase === undefined ? {} : { passphrase }) };
  requireCurrent(parameter, ownCertificate(parameter, options));
  return options;
}

/** Node does not read PKCS #12 by itself, but a socket tells which certificate it would show. */
function ownCertificate(parameter: string, options: { pfx: Buffer; passphrase?: string }): X509Certificate {
  let socket: TLSSocket | undefined;
  try {
    socket = new TLSSocket(new Socket(), { secureContext: createSecureContext(options) });
    const certificate = socket.getX509Certificate();
    if (certificate !== undefined) return certificate;
  } catch (cause) {
    throw new InvalidInputError(parameter, pfxFault(cause, options.passphrase), { cause });
  } finally {
    socket?.destroy();
  }
  throw new InvalidInputError(parameter, "holds no certificate");
}

function pfxFault(error: unknown, passphrase: string | undefined): string {
  const message = error instanceof Error ? error.message : "";
  if (/mac verify|bad decrypt/i.test(message)) {
    return passphrase === undefined
      ? "is protected: it needs its passphrase"
      : "cannot be opened: is the passphrase right?";
  }
  if (/unsupported/i.test(message)) {
    return "is encrypted by a method that OpenSSL 3 has put aside (RC2); renew it with `openssl pkcs12 -legacy -in old.pfx -noenc | openssl pkcs12 -export -out new.pfx`";
  }
  if (/private key/.test(message)) return "holds no private key: export the certificate together with it";
  // Also when there is one that belongs to another key.
  if (/load certificate/.test(message)) return "holds no certificate that belongs to its private key";
  return "is no PKCS #12 file, or a damaged one";
}

function requireCurrent(parameter: string, { subject, validFrom, validTo }: X509Certificate): void {
  const now = Date.now();
  const whose = `holds a certificate (${subject.replaceAll("\n", ", ")}) that`;
  if (!(now <= Date.parse(validTo)))
    throw new InvalidInputError(parameter, `${whose} has expired on ${validTo}`);
  if (!(now >= Date.parse(validFrom))) {
    throw new InvalidInputError(parameter, `${whose} is not valid before ${validFrom}`);
  }
}
