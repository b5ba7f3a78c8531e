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

/** Throws InvalidInputError for pins that no certificate can match, and for contradictions. */
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
        "accepts every server, and so cannot go with ca, serverThumbprints or serverCommonNames",
      );
    }
    return { kind: "anyone" };
  }
  if (!isPinned) return { kind: "authorities" };
  return { kind: "pins", thumbprints: thumbprints ?? [], names: names ?? [] };
}

/** An empty list would pin nothing, which cannot be what was meant. */
function requireEntries<T>(option: string, list: readonly T[] | undefined): readonly T[] | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list) || list.length === 0) {
    throw new InvalidInputError(option, "must be a list with at least one entry");
  }
  return list;
}

function readThumbprints(option: string, list: readonly string[] | undefined): readonly string[] | undefined {
  return requireEntries(option, list)?.map((text) => {
    // Copied from a certificate dialog of Windows, a thumbprint begins with an invisible mark of writing direction.
    const digits = String(text).replaceAll(/[\s:\p{Cf}]/gu, "");
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(digits)) {
      throw new InvalidInputError(
        option,
        `must hold SHA-1 or SHA-256 thumbprints, 40 or 64 hex digits, not ${JSON.stringify(text)}`,
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
      throw new InvalidInputError("serverCommonNames", "must hold names that are not empty");
    }
    const issuers = readThumbprints("serverCommonNames", issuerThumbprints);
    return { name: bareCommonName(name), issuerThumbprints: issuers ?? [] };
  });
}

/** Certificate dialogs and our own messages show a subject as `CN=cluster.example`. */
function bareCommonName(text: string): string {
  const name = text.trim().replace(/^CN\s*=\s*/i, "");
  if (name === "" || /[,/+;]\s*[A-Z]{1,2}\s*=/i.test(name)) {
    throw new InvalidInputError(
      "serverCommonNames",
      `must hold common names alone, such as cluster.example, not ${JSON.stringify(text)}`,
    );
  }
  return name;
}

/** Whether one of the thumbprints, as `readServerTrust` gives them, is the certificate's. */
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

/** What a handshake has shown. */
export interface Presented {
  readonly host: string;
  /** Undefined for a resumed session, which shows none. */
  readonly certificate: X509Certificate | undefined;
  /** The certificate's issuer, if the server sent it or the trusted authorities have it. */
  readonly issuer: X509Certificate | undefined;
  /** OpenSSL's code for what is wrong with the chain; undefined for a trusted one. */
  readonly chainError: string | undefined;
  /** Why the certificate is not for the host; undefined when it is. */
  readonly hostError: string | undefined;
  readonly commonName: string | undefined;
}

/** Why a server is not accepted, or undefined when it is. What is not known to be good is refused. */
export function judgeServer(trust: ServerTrust, presented: Presented): Refusal | undefined {
  if (trust.kind === "anyone") return undefined;
  const reason = findFault(trust, presented);
  if (reason === undefined) return undefined;
  return { reason, expected: describeTrust(trust, presented.host), actual: describe(presented) };
}

function findFault(
  trust: Exclude<ServerTrust, { kind: "anyone" }>,
  presented: Presented,
): string | undefined {
  const { certificate, chainError, hostError } = presented;
  if (certificate === undefined) return "no certificate was shown";
  // Ahead of the chain's own fault, which would hide behind "self-signed" that the date is past.
  const dateFault = findDateFault(certificate);
  if (dateFault !== undefined) return dateFault;
  if (trust.kind === "authorities") return chainError === undefined ? hostError : chainFault(chainError);
  if (hasThumbprint(certificate, trust.thumbprints)) return undefined;
  const names = trust.names.filter(({ name }) => isSameName(name, presented.commonName));
  if (names.length === 0) return "it is not one of the pinned";
  const faults = names.map((name) => issuerFault(name, certificate, presented));
  return faults.includes(undefined) ? undefined : faults.join("; ");
}

function findDateFault({ validFrom, validTo }: X509Certificate): string | undefined {
  const now = Date.now();
  if (!(now <= Date.parse(validTo))) return `it has expired on ${validTo}`;
  if (!(now >= Date.parse(validFrom))) return `it is not valid before ${validFrom}`;
  return undefined;
}

function chainFault(code: string): string {
  return `its chain does not lead to a trusted authority (${code})`;
}

function isSameName(pinned: string, name: string | undefined): boolean {
  return name !== undefined && pinned.toLowerCase() === name.toLowerCase();
}

function issuerFault(
  { issuerThumbprints }: PinnedName,
  certificate: X509Certificate,
  { issuer, chainError }: Presented,
): string | undefined {
  if (issuerThumbprints.length === 0) return chainError === undefined ? undefined : chainFault(chainError);
  if (issuer === undefined) return "its issuer came neither from the server nor from ca";
  // Servers choose what they send along: the signature alone shows who issued it.
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) {
    return "its issuer did not sign it";
  }
  if (!hasThumbprint(issuer, issuerThumbprints)) {
    return `its issuer, thumbprint ${thumbprintsOf(issuer).sha1}, is not one of the pinned`;
  }
  return findDateFault(issuer)?.replace(/^it /, "its issuer ");
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
  // In the notation of what was expected, to be compared with it.
  const name = commonName === undefined ? "no single common name" : `common name ${oneLine(commonName)}`;
  return `${name} (subject ${oneLine(subject)}, SHA-1 ${sha1}, SHA-256 ${sha256}, issued by ${oneLine(issuer)}, valid from ${validFrom} to ${validTo})`;
}

/** Foreign text must not bring escape sequences to a terminal. */
function oneLine(name: string | undefined): string {
  const line = (name ?? "").replaceAll(/[\p{Cc}\p{Cf}]+/gu, ", ");
  return line === "" ? "no name" : line.slice(0, 200);
}
