import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { readCertificates } from "../security/late-client-certificate.js";
import type { TlsOptions } from "../security/options.js";
import { read, readText, reasonOf } from "./files.js";
import { type TlsFiles, UsageError } from "./options.js";

/** The options for HTTPS, with every file read and tried, so that a mistake is told by the name of its option. */
export async function readTls(files: TlsFiles, fromEnvironment: string | undefined): Promise<TlsOptions> {
  const passphrase =
    files.passphraseFile === undefined
      ? fromEnvironment
      : (await readText("--passphrase-file", files.passphraseFile)).replace(/\r?\n$/, "");
  const secret = passphrase === undefined ? {} : { passphrase };
  return {
    clientCertificate: files.clientCertificate,
    clientEku: files.clientEku,
    ...(await readOwn(files, secret)),
    ...(files.clientCa === undefined ? {} : { clientCa: await readClientCa(files.clientCa) }),
    ...secret,
  };
}

type Secret = Pick<TlsOptions, "passphrase">;

async function readOwn({ cert, key, pfx }: TlsFiles, secret: Secret): Promise<TlsOptions> {
  if (pfx !== undefined) {
    const data = await read("--pfx", pfx);
    attempt("--pfx", pfx, () => createSecureContext({ pfx: data, ...secret }));
    return { pfx: data };
  }
  return cert === undefined || key === undefined ? {} : readPair(cert, key, secret);
}

async function readPair(certFile: string, keyFile: string, secret: Secret): Promise<TlsOptions> {
  const cert = await read("--cert", certFile);
  const key = await read("--key", keyFile);
  // The chain may follow in the file; its first certificate is the one that the key is for.
  const own = attempt("--cert", certFile, () => new X509Certificate(cert));
  const privateKey: KeyObject = attempt("--key", keyFile, () => createPrivateKey({ key, ...secret }));
  if (!own.checkPrivateKey(privateKey)) {
    throw new UsageError(`--key: ${keyFile} is not the key of the certificate in ${certFile}.`);
  }
  attempt("--cert", certFile, () => createSecureContext({ cert, key, ...secret }));
  return { cert, key };
}

async function readClientCa(file: string): Promise<Buffer> {
  const data = await read("--client-ca", file);
  attempt("--client-ca", file, () => readCertificates(data));
  return data;
}

function attempt<T>(option: string, file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // OpenSSL's own words for a wrong passphrase do not mention one.
    const hint = option === "--key" || option === "--pfx" ? " Is the passphrase right?" : "";
    throw new UsageError(`${option}: ${file} cannot be used. ${reasonOf(error).replace(/\.?$/, ".")}${hint}`);
  }
}
