import { X509Certificate } from "node:crypto";
import { InvalidInputError } from "../../errors/errors.js";
import type { FileContents } from "./options.js";

/** What a PEM text holds that matters here, in its order. */
export interface PemBlocks {
  readonly certificates: readonly X509Certificate[];
  /** Private keys, as text. */
  readonly keys: readonly string[];
}

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/** @param parameter the option that the text was given in, for the error. Throws InvalidInputError. */
export function readPem(parameter: string, contents: FileContents): PemBlocks {
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
