import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import { InvalidInputError } from "../../errors/errors.js";
import type { ClientCertificate, FileContents, NodeFetchOptions, TlsVersion } from "./options.js";

const versions: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];

/**
 * Reads and validates everything that a handshake needs. Throws InvalidInputError. Without certificates there is nothing to
 * validate, and the context is created for the first handshake, because loading all trusted authorities takes 10 ms.
 */
export function readSecureContext(options: NodeFetchOptions): () => SecureContext {
  const minVersion = requireVersion("minTlsVersion", options.minTlsVersion ?? "TLSv1.2");
  const maxVersion = requireVersion("maxTlsVersion", options.maxTlsVersion ?? "TLSv1.3");
  if (minVersion > maxVersion)
    throw new InvalidInputError("minTlsVersion", `must not be above ${maxVersion}`);
  const { clientCertificate, ca } = options;
  const create = () =>
    createSecureContext({
      minVersion,
      maxVersion,
      ...(ca === undefined ? {} : { ca: readAuthorities(ca) }),
      ...(clientCertificate === undefined ? {} : readClientCertificate(clientCertificate)),
    });
  let context = ca === undefined && clientCertificate === undefined ? undefined : create();
  return () => {
    context ??= create();
    return context;
  };
}

function requireVersion(option: string, version: TlsVersion): TlsVersion {
  if (versions.includes(version)) return version;
  throw new InvalidInputError(option, `must be ${versions.join(" or ")}`);
}

function readAuthorities(ca: NonNullable<NodeFetchOptions["ca"]>): string[] {
  const files = typeof ca === "string" || ca instanceof Uint8Array ? [ca] : ca;
  const authorities = files.flatMap((file) => readPem("ca", file).certificates);
  // An empty list would trust no server, or with the default of `tls`, all of Node's authorities.
  if (authorities.length === 0) throw new InvalidInputError("ca", "must contain at least one certificate");
  return authorities.map((authority) => authority.toString());
}

const option = "clientCertificate";

/** Reads the client certificate for `tls`. Throws InvalidInputError for one that no server would accept. */
function readClientCertificate(given: ClientCertificate): SecureContextOptions {
  const { passphrase } = given;
  if (passphrase !== undefined && typeof passphrase !== "string") {
    throw new InvalidInputError(`${option}.passphrase`, "must be a string");
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
  if (pem === undefined) throw new InvalidInputError(parameter, "contains no private key");
  if (more.length > 0) throw new InvalidInputError(parameter, "contains more than one private key");
  if (certificates.length === 0) throw new InvalidInputError(parameter, "contains no certificate");
  const key = openPrivateKey(parameter, pem, passphrase);
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) {
    const names = certificates.map(({ subject }) => subject.replaceAll("\n", ", ")).join("; ");
    throw new InvalidInputError(
      parameter,
      `has a private key that does not match any of its certificates (${names})`,
    );
  }
  requireValidDates(parameter, own);
  const chain = sortChain(own, certificates);
  return {
    cert: chain.map((certificate) => certificate.toString()).join(""),
    key: key.export({ type: "pkcs8", format: "pem" }),
  };
}

/** Sorts the chain for TLS: each certificate is followed by its issuer. */
function sortChain(own: X509Certificate, certificates: readonly X509Certificate[]): X509Certificate[] {
  const issuer = certificates.find((other) => other !== own && own.checkIssued(other));
  if (issuer === undefined) return [own];
  const rest = certificates.filter((other) => other !== own);
  return [own, ...sortChain(issuer, rest)];
}

function readPfx(pfx: Uint8Array, passphrase: string | undefined): SecureContextOptions {
  const parameter = `${option}.pfx`;
  if (!(pfx instanceof Uint8Array))
    throw new InvalidInputError(parameter, "must be the bytes of a PKCS #12 file");
  const options = { pfx: Buffer.from(pfx), ...(passphrase === undefined ? {} : { passphrase }) };
  requireValidDates(parameter, ownCertificate(parameter, options));
  return options;
}

/** Node has no parser for PKCS #12, but a TLS socket can return the certificate that it would present. */
function ownCertificate(parameter: string, options: { pfx: Buffer; passphrase?: string }): X509Certificate {
  let socket: TLSSocket | undefined;
  try {
    socket = new TLSSocket(new Socket(), { secureContext: createSecureContext(options) });
    const certificate = socket.getX509Certificate();
    if (certificate !== undefined) return certificate;
  } catch (cause) {
    throw new InvalidInputError(parameter, describePfxError(cause, options.passphrase), { cause });
  } finally {
    socket?.destroy();
  }
  throw new InvalidInputError(parameter, "contains no certificate");
}

function describePfxError(error: unknown, passphrase: string | undefined): string {
  const message = error instanceof Error ? error.message : "";
  if (/mac verify|bad decrypt/i.test(message)) {
    return passphrase === undefined
      ? "is encrypted: set the passphrase"
      : "cannot be decrypted: is the passphrase correct?";
  }
  if (/unsupported/i.test(message)) {
    return "uses an encryption that OpenSSL 3 no longer supports (RC2): convert it with `openssl pkcs12 -legacy -in old.pfx -noenc | openssl pkcs12 -export -out new.pfx`";
  }
  if (/private key/.test(message))
    return "contains no private key: export the certificate with its private key";
  if (/load certificate/.test(message)) return "contains no certificate for its private key";
  return "is not a valid PKCS #12 file";
}

function requireValidDates(parameter: string, { subject, validFrom, validTo }: X509Certificate): void {
  const now = Date.now();
  const whose = `contains a certificate (${subject.replaceAll("\n", ", ")}) that`;
  if (!(now <= Date.parse(validTo))) throw new InvalidInputError(parameter, `${whose} expired on ${validTo}`);
  if (!(now >= Date.parse(validFrom))) {
    throw new InvalidInputError(parameter, `${whose} is not valid before ${validFrom}`);
  }
}

/** The certificates and keys in a PEM file, in their order. */
export interface PemBlocks {
  readonly certificates: readonly X509Certificate[];
  /** Private keys in PEM. */
  readonly keys: readonly string[];
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** Throws InvalidInputError for `parameter` if the contents are not PEM. */
function readPem(parameter: string, contents: FileContents): PemBlocks {
  const text = requirePem(parameter, contents);
  const certificates: X509Certificate[] = [];
  const keys: string[] = [];
  for (const [whole, label = ""] of text.matchAll(block)) {
    if (label === "CERTIFICATE") certificates.push(readCertificate(parameter, whole));
    else if (label.endsWith("PRIVATE KEY")) keys.push(whole);
  }
  return { certificates, keys };
}

function requirePem(parameter: string, contents: FileContents): string {
  if (typeof contents !== "string" && !(contents instanceof Uint8Array)) {
    throw new InvalidInputError(parameter, "must be the contents of a PEM file, as text or bytes");
  }
  const text = typeof contents === "string" ? contents : textOf(contents);
  if (text.includes("-----BEGIN ")) return text;
  // The first bytes of ASN.1: DER or PKCS #12.
  if (text.startsWith("\x30\x82")) {
    throw new InvalidInputError(
      parameter,
      "must be PEM but is binary: pass a .pfx or .p12 file as pfx; convert a DER certificate with `openssl x509 -inform der`",
    );
  }
  throw new InvalidInputError(
    parameter,
    "must be the contents of a PEM file, not its path: it has no -----BEGIN … line",
  );
}

/** Windows PowerShell writes UTF-16 with a byte order mark. In other files, PEM blocks are ASCII, with comments in any encoding. */
function textOf(contents: Uint8Array): string {
  const [first, second] = contents;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(contents);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(contents);
  return Buffer.from(contents).toString("latin1");
}

function readCertificate(parameter: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new InvalidInputError(parameter, "contains a damaged certificate", { cause });
  }
}

/** Reads a private key in PEM. Throws InvalidInputError, which contains neither the key nor the passphrase. */
function openPrivateKey(parameter: string, pem: string, passphrase: string | undefined): KeyObject {
  const isEncrypted = pem.includes("BEGIN ENCRYPTED ") || pem.includes("Proc-Type: 4,ENCRYPTED");
  if (isEncrypted && passphrase === undefined) {
    throw new InvalidInputError(parameter, "has an encrypted private key: set the passphrase");
  }
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const reason = isEncrypted
      ? "has a private key that cannot be decrypted: is the passphrase correct?"
      : "has a private key that cannot be read";
    throw new InvalidInputError(parameter, reason, { cause });
  }
}
