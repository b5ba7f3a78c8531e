import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from "node:tls";
import { InvalidInputError } from "../../errors/errors.js";
import type { ClientCertificate, FileContents, NodeFetchOptions, TlsVersion } from "./options.js";

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

const option = "clientCertificate";

/** What `tls` needs to show the certificate. Throws InvalidInputError for one that no server would take. */
function readClientCertificate(given: ClientCertificate): SecureContextOptions {
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

/** What a PEM text holds that matters here, in its order. */
export interface PemBlocks {
  readonly certificates: readonly X509Certificate[];
  /** Private keys, as text. */
  readonly keys: readonly string[];
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** @param parameter the option that the text was given in, for the error. Throws InvalidInputError. */
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
  // What ASN.1 begins with: DER, or PKCS #12.
  if (text.startsWith("\x30\x82")) {
    throw new InvalidInputError(
      parameter,
      "must be PEM, and this is binary: if it is a .pfx or .p12 file, give it as pfx; if it is a certificate in DER form, convert it with `openssl x509 -inform der`",
    );
  }
  throw new InvalidInputError(
    parameter,
    "must be the contents of a PEM file, not its path; there is no -----BEGIN … line in it",
  );
}

/** Files of Windows PowerShell are in UTF-16, with a mark. Otherwise the blocks are ASCII, and comments in any encoding. */
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
    throw new InvalidInputError(parameter, "holds a damaged certificate", { cause });
  }
}

/** Opens a private key in PEM. Throws InvalidInputError, never with the key or the passphrase in it. */
function openPrivateKey(parameter: string, pem: string, passphrase: string | undefined): KeyObject {
  const isEncrypted = pem.includes("BEGIN ENCRYPTED ") || pem.includes("Proc-Type: 4,ENCRYPTED");
  if (isEncrypted && passphrase === undefined) {
    throw new InvalidInputError(parameter, "has an encrypted private key: it needs its passphrase");
  }
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const reason = isEncrypted
      ? "has a private key that cannot be decrypted: is the passphrase right?"
      : "has a private key that cannot be read";
    throw new InvalidInputError(parameter, reason, { cause });
  }
}
