import { readFile } from "node:fs/promises";
import type { ClientCertificate, NodeFetchOptions } from "@sf-image-store/client/node";
import { UsageError } from "../failure/usage-error.js";
import type { Environment } from "./environment.js";
import { isOn, listOf, type ResolvedSettings, textOf } from "./resolve.js";
import { ruleOf, type SettingName } from "./settings.js";

/** How to reach the cluster, with the files that the settings name read. Throws UsageError. */
export async function readNodeFetchOptions(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<NodeFetchOptions> {
  const clientCertificate = await readClientCertificate(settings, environment);
  const ca = await Promise.all(listOf(settings, "ca").map((path) => read("ca", path)));
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
  if (pem !== undefined) return { pem: await read("pem", pem), ...protection };
  if (cert !== undefined && key !== undefined) {
    return { cert: await read("cert", cert), key: await read("key", key), ...protection };
  }
  return pfx === undefined ? undefined : { pfx: await read("pfx", pfx), ...protection };
}

async function readPassphrase(
  settings: ResolvedSettings,
  environment: Environment,
): Promise<string | undefined> {
  const path = textOf(settings, "passphraseFile");
  if (path === undefined) return environment["SF_PASSPHRASE"] || undefined;
  const bytes = await read("passphraseFile", path);
  // Editors end the last line; no passphrase ends in a line break.
  return bytes.toString("utf8").replace(/\r?\n$/, "");
}

async function read(name: SettingName, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { flag } = ruleOf(name);
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The file for ${flag.split(" ")[0]} cannot be read: ${reason}.`, { cause: error });
  }
}
