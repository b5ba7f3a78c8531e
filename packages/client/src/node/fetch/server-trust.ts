import type { X509Certificate } from "node:crypto";
import { InvalidInputError } from "../../errors/errors.js";
import type { NodeFetchOptions, Refusal } from "./options.js";

/** Which servers to accept. */
export type ServerTrust =
  | { readonly kind: "anyone" }
  | { readonly kind: "authorities" }
  | { readonly kind: "pins"; readonly thumbprints: readonly string[]; readonly names: readonly PinnedName[] };

export interface PinnedName {
  readonly name: string;
  readonly issuerThumbprints: readonly string[];
}

/** Throws InvalidInputError for pins that no certificate can match, and for options that conflict. */
export function readServerTrust(options: NodeFetchOptions): ServerTrust {
  const { insecure = false, ca, serverThumbprints, serverCommonNames } = options;
  if (typeof insecure !== "boolean") throw new InvalidInputError("insecure", "must be true or false");
  const thumbprints = readThumbprints("serverThumbprints", serverThumbprints);
  const names = readNames(serverCommonNames);
  const isPinned = thumbprints !== undefined || names !== undefined;
  if (insecure) {
    if (isPinned || ca !== undefined) {
      throw new InvalidInputError(
        "insecure",
        "cannot be combined with ca, serverThumbprints or serverCommonNames",
      );
    }
    return { kind: "anyone" };
  }
  if (!isPinned) return { kind: "authorities" };
  return { kind: "pins", thumbprints: thumbprints ?? [], names: names ?? [] };
}

/** Throws InvalidInputError for an empty list, which would pin nothing. */
function requireEntries<T>(option: string, list: readonly T[] | undefined): readonly T[] | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.length === 0) {
    throw new InvalidInputError(option, "must be a list with at least one entry");
  }
  return list;
}

function readThumbprints(option: string, list: readonly string[] | undefined): readonly string[] | undefined {
  return requireEntries(option, list)?.map((text) => {
    // Thumbprints copied from the Windows certificate dialog start with an invisible direction mark.
    const digits = String(text).replaceAll(/[\s:\p{Cf}]/gu, "");
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(digits)) {
      throw new InvalidInputError(
        option,
        `must contain SHA-1 or SHA-256 thumbprints of 40 or 64 hex digits, not ${JSON.stringify(text)}`,
      );
    }
    return digits.toUpperCase();
  });
}

function readNames(list: NodeFetchOptions["serverCommonNames"]): readonly PinnedName[] | undefined {
  return requireEntries("serverCommonNames", list)?.map((entry) => {
    const { name, issuerThumbprints } =
      typeof entry === "string" ? { name: entry, issuerThumbprints: undefined } : entry;
    if (typeof name !== "string" || name.trim() === "") {
      throw new InvalidInputError("serverCommonNames", "must contain non-empty names");
    }
    const issuers = readThumbprints("serverCommonNames", issuerThumbprints);
    return { name: bareCommonName(name), issuerThumbprints: issuers ?? [] };
  });
}

/** Removes the `CN=` that certificate dialogs show. */
function bareCommonName(text: string): string {
  const name = text.trim().replace(/^CN\s*=\s*/i, "");
  if (name === "" || /[,/+;]\s*[A-Z]{1,2}\s*=/i.test(name)) {
    throw new InvalidInputError(
      "serverCommonNames",
      `must contain only common names, such as cluster.example, not ${JSON.stringify(text)}`,
    );
  }
  return name;
}

/** Whether the certificate has one of the thumbprints, in the form that `readServerTrust` returns. */
export function hasThumbprint(certificate: X509Certificate, thumbprints: readonly string[]): boolean {
  const own = thumbprintsOf(certificate);
  return thumbprints.includes(own.sha1) || thumbprints.includes(own.sha256);
}

export function thumbprintsOf({ fingerprint, fingerprint256 }: X509Certificate): {
  readonly sha1: string;
  readonly sha256: string;
} {
  return { sha1: fingerprint.replaceAll(":", ""), sha256: fingerprint256.replaceAll(":", "") };
}

/** The server certificate of a handshake, and what OpenSSL found. */
export interface Presented {
  readonly host: string;
  /** Undefined for a resumed session, which has no certificate. */
  readonly certificate: X509Certificate | undefined;
  /** The issuer's certificate, if the server sent it or it is a trusted authority. */
  readonly issuer: X509Certificate | undefined;
  /** OpenSSL's error code for the chain; undefined for a trusted chain. */
  readonly chainError: string | undefined;
  /** Whether the certificate has the name of the host. */
  readonly isForHost: boolean;
  readonly commonName: string | undefined;
}

/** Returns why a server is rejected, or undefined if it is accepted. */
export function verifyServerCertificate(trust: ServerTrust, presented: Presented): Refusal | undefined {
  if (trust.kind === "anyone") return undefined;
  const reason = findCertificateError(trust, presented);
  if (reason === undefined) return undefined;
  return { reason, expected: describeTrust(trust, presented.host), actual: describe(presented) };
}

function findCertificateError(
  trust: Exclude<ServerTrust, { kind: "anyone" }>,
  presented: Presented,
): string | undefined {
  const { certificate, chainError } = presented;
  if (certificate === undefined) return "no certificate was presented";
  // Check the dates before the chain: its error "self-signed" would hide that the certificate has expired.
  const dateError = findDateError(certificate);
  if (dateError !== undefined) return dateError;
  if (trust.kind === "authorities")
    return chainError === undefined ? findHostError(certificate, presented) : describeChainError(chainError);
  if (hasThumbprint(certificate, trust.thumbprints)) return undefined;
  const names = trust.names.filter(({ name }) => isSameName(name, presented.commonName));
  if (names.length === 0) return "it is not one of the pinned certificates";
  const errors = names.map((name) => findIssuerError(name, certificate, presented));
  return errors.includes(undefined) ? undefined : errors.join("; ");
}

function findDateError({ validFrom, validTo }: X509Certificate): string | undefined {
  const now = Date.now();
  if (!(now <= Date.parse(validTo))) return `it expired on ${validTo}`;
  if (!(now >= Date.parse(validFrom))) return `it is not valid before ${validFrom}`;
  return undefined;
}

function findHostError(
  { subjectAltName }: X509Certificate,
  { host, isForHost, commonName }: Presented,
): string | undefined {
  if (isForHost) return undefined;
  const names = (subjectAltName ?? "").replaceAll(/(^|, )(DNS|IP Address):/g, "$1");
  // Only a certificate without alternative names is valid for its common name.
  const listed = subjectAltName === undefined ? (commonName ?? "") : names;
  return listed === ""
    ? `it contains no host names, so it is not valid for ${host}`
    : `it is valid for ${oneLine(listed)}, not for ${host}`;
}

function describeChainError(code: string): string {
  return `its chain does not lead to a trusted authority (${code})`;
}

function isSameName(pinned: string, name: string | undefined): boolean {
  return name !== undefined && pinned.toLowerCase() === name.toLowerCase();
}

function findIssuerError(
  { issuerThumbprints }: PinnedName,
  certificate: X509Certificate,
  { issuer, chainError }: Presented,
): string | undefined {
  if (issuerThumbprints.length === 0)
    return chainError === undefined ? undefined : describeChainError(chainError);
  if (issuer === undefined) return "its issuer was found neither in the server's chain nor in ca";
  // A server can send any certificate as the issuer. Only the signature proves who issued it.
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    return "its issuer did not sign it";
  }
  if (!hasThumbprint(issuer, issuerThumbprints)) {
    return `its issuer, thumbprint ${thumbprintsOf(issuer).sha1}, is not one of the pinned issuers`;
  }
  return findDateError(issuer)?.replace(/^it /, "its issuer ");
}

function describeTrust(trust: Exclude<ServerTrust, { kind: "anyone" }>, host: string): string {
  if (trust.kind === "authorities") return `a certificate for ${host} from a trusted authority`;
  const pins = [
    ...trust.thumbprints.map((thumbprint) => `thumbprint ${thumbprint}`),
    ...trust.names.map(({ name, issuerThumbprints }) =>
      issuerThumbprints.length === 0
        ? `common name ${name} from a trusted authority`
        : `common name ${name} issued by thumbprint ${issuerThumbprints.join(" or ")}`,
    ),
  ];
  return `a valid certificate with ${pins.join(", or ")}`;
}

function describe({ certificate, commonName }: Presented): string {
  if (certificate === undefined) return "none";
  const { subject, issuer, validFrom, validTo } = certificate;
  const { sha1, sha256 } = thumbprintsOf(certificate);
  // In the same form as the expected value, to make comparing easy.
  const name = commonName === undefined ? "no single common name" : `common name ${oneLine(commonName)}`;
  return `${name} (subject ${oneLine(subject)}, SHA-1 ${sha1}, SHA-256 ${sha256}, issued by ${oneLine(issuer)}, valid from ${validFrom} to ${validTo})`;
}

/** Removes control characters, because escape sequences must not reach a terminal. */
function oneLine(name: string | undefined): string {
  const line = (name ?? "").replaceAll(/[\p{Cc}\p{Cf}]+/gu, ", ");
  return line === "" ? "no name" : line.slice(0, 200);
}
