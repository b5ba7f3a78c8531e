import type { ClientCertificate, NodeFetchOptions } from "@sf-image-store/client/node";
import { reasonOf, UsageError } from "../failure/usage-error.js";
import type { Environment } from "./environment.js";
import { isOn, listOf, type ResolvedSettings, textOf } from "./resolve.js";
import { flagOf, type SettingName } from "./settings.js";
import { decodeText, readSmallFile, readTextFile } from "./text-file.js";

/** How to reach the cluster, with the files that the settings name read. Throws UsageError. */
export async function readNodeFetchOptions(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<NodeFetchOptions> {
  const clientCertificate = await readClientCertificate(settings, environment);
  const ca = await Promise.all(listOf(settings, "ca").map((path) => readPem("ca", path)));
  const serverThumbprints = listOf(settings, "serverThumbprint");
  const issuerThumbprints = listOf(settings, "serverIssuerThumbprint");
  const serverCommonNames = listOf(settings, "serverCommonName").map((name) => ({
    name,
    ...(issuerThumbprints.length === 0 ? {} : { issuerThumbprints }),
  }));
  if (issuerThumbprints.length > 0 && serverCommonNames.length === 0) {
    throw new UsageError("--server-issuer-thumbprint needs --server-common-name.");
  }
  return {
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(ca.length === 0 ? {} : { ca }),
    ...(serverThumbprints.length === 0 ? {} : { serverThumbprints }),
    ...(serverCommonNames.length === 0 ? {} : { serverCommonNames }),
    ...(isOn(settings, "insecure") ? { insecure: true } : {}),
  };
}

async function readClientCertificate(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<ClientCertificate | undefined> {
  const pem = textOf(settings, "pem");
  const cert = textOf(settings, "cert");
  const key = textOf(settings, "key");
  const pfx = textOf(settings, "pfx");
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key need each other.");
  if ([pem, cert, pfx].filter((path) => path !== undefined).length > 1) {
    throw new UsageError("Give the client certificate once: by --pem, by --cert and --key, or by --pfx.");
  }
  const passphrase = await readPassphrase(settings, environment);
  const protection = passphrase === undefined ? {} : { passphrase };
  if (pem !== undefined) return { pem: await readPem("pem", pem), ...protection };
  if (cert !== undefined && key !== undefined) {
    return { cert: await readPem("cert", cert), key: await readPem("key", key), ...protection };
  }
  return pfx === undefined ? undefined : { pfx: await read("pfx", pfx, readSmallFile), ...protection };
}

async function readPassphrase(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<string | undefined> {
  const path = textOf(settings, "passphraseFile");
  if (path === undefined) return environment["SF_PASSPHRASE"] || undefined;
  // Editors end the last line; no passphrase ends in a line break.
  return (await read("passphraseFile", path, readTextFile)).replace(/\r?\n$/, "");
}

async function readPem(name: SettingName, path: string): Promise<string> {
  const bytes = await read(name, path, readSmallFile);
  // Comments between the blocks may be in the encoding of an old tool; the blocks are ASCII.
  const text = decodeText(bytes) ?? bytes.toString("latin1");
  if (text.includes("-----BEGIN ")) return text;
  // What ASN.1 begins with: PKCS #12, or DER.
  const isBinary = bytes[0] === 0x30 && bytes[1] === 0x82;
  const hint = isBinary
    ? "It is binary: pass a .pfx or .p12 file with --pfx, or convert a certificate in DER form with `openssl x509 -inform der`."
    : 'It has no line that begins with "-----BEGIN". Check the path.';
  throw new UsageError(`The file for ${flagOf(name)} is not a PEM file: ${path}. ${hint}`);
}

async function read<Content>(
  name: SettingName,
  path: string,
  reader: (path: string) => Promise<Content>,
): Promise<Content> {
  try {
    return await reader(path);
  } catch (cause) {
    throw new UsageError(`The file for ${flagOf(name)} cannot be read: ${reasonOf(cause)}.`, { cause });
  }
}
