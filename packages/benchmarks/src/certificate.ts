import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** A certificate for 127.0.0.1 that lasts for this run, and its key, in PEM. */
export function makeCertificate(): { readonly cert: string; readonly key: string } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const own = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(own.n, own.e);
  certificate.serialNumber = "01";
  const day = 24 * 60 * 60 * 1000;
  certificate.validity.notBefore = new Date(Date.now() - day);
  certificate.validity.notAfter = new Date(Date.now() + day);
  const subject = [{ name: "commonName", value: "benchmark sink" }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
  ]);
  certificate.sign(own, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key };
}
