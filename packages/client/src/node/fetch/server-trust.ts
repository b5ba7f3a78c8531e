import type { X509Certificate } from "node:crypto";
import { InvalidInputError } from "../../errors/errors.js";
import type { NodeFetchOptions } from "./options.js";

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
