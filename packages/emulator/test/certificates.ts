import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

/** A certificate and its key, in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

let serial = 1;

/** Makes a certificate for `name`, issued by `issuer` or else by itself. */
export function certify(
  name: string,
  issuer?: Certified,
  {
    isAuthority = false,
    expired = false,
    usage,
  }: { isAuthority?: boolean; expired?: boolean; usage?: "serverAuth" | "clientAuth" } = {},
): Certified {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const own = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(own.n, own.e);
  certificate.serialNumber = String(serial++).padStart(4, "0");
  const day = 24 * 60 * 60 * 1000;
  certificate.validity.notBefore = new Date(Date.now() - 2 * day);
  certificate.validity.notAfter = new Date(Date.now() + (expired ? -day : 30 * day));
  const subject = [{ name: "commonName", value: name }];
  certificate.setSubject(subject);
  const by = issuer === undefined ? undefined : forge.pki.certificateFromPem(issuer.cert);
  certificate.setIssuer(by?.subject.attributes ?? subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: isAuthority, critical: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
    ...(usage === undefined ? [] : [{ name: "extKeyUsage", [usage]: true }]),
  ]);
  const signer = issuer === undefined ? own : forge.pki.privateKeyFromPem(issuer.key);
  certificate.sign(signer, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key };
}

/** The same as one PKCS #12 file. */
export function toPfx({ cert, key }: Certified, passphrase: string): Buffer {
  const store = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(key),
    [forge.pki.certificateFromPem(cert)],
    passphrase,
    { algorithm: "aes256" },
  );
  return Buffer.from(forge.asn1.toDer(store).getBytes(), "latin1");
}
