import { generateKeyPairSync, X509Certificate } from "node:crypto";
import forge from "node-forge";

/** A certificate and its key, in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Default: false. */
  readonly isAuthority?: boolean;
  /** Days from now; negative numbers are in the past. Default: -2. */
  readonly validFrom?: number;
  /** Days from now; negative numbers are in the past. Default: 90. */
  readonly validTo?: number;
  /** The host names and addresses of the certificate. Default: 127.0.0.1. */
  readonly hosts?: readonly string[];
  /** The only extended key usage. Default: none. */
  readonly usage?: "serverAuth" | "clientAuth";
}

let serial = 1;

/** Makes a certificate with one or several common names, issued by `issuer`. Without an issuer it is self-signed. */
export function certify(
  name: string | readonly string[],
  issuer?: Certified,
  options: CertificateOptions = {},
): Certified {
  const { isAuthority = false, validFrom = -2, validTo = 90, hosts = ["127.0.0.1"], usage } = options;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const own = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(own.n, own.e);
  certificate.serialNumber = String(serial++).padStart(4, "0");
  certificate.validity.notBefore = daysFromNow(validFrom);
  certificate.validity.notAfter = daysFromNow(validTo);
  const subject = [name].flat().map((value) => ({ name: "commonName", value }));
  certificate.setSubject(subject);
  const by = issuer === undefined ? undefined : forge.pki.certificateFromPem(issuer.cert);
  certificate.setIssuer(by?.subject.attributes ?? subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: isAuthority, critical: true },
    {
      name: "subjectAltName",
      altNames: hosts.map((host) =>
        /^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host },
      ),
    },
    ...(usage === undefined ? [] : [{ name: "extKeyUsage", [usage]: true }]),
  ]);
  const signer = issuer === undefined ? own : forge.pki.privateKeyFromPem(issuer.key);
  certificate.sign(signer, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key };
}

/** Puts a certificate and its key into a PKCS #12 file. */
export function toPfx(
  { cert, key }: Certified,
  passphrase: string,
  algorithm: "aes256" | "3des" = "aes256",
): Buffer {
  const store = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(key),
    [forge.pki.certificateFromPem(cert)],
    passphrase,
    { algorithm },
  );
  return Buffer.from(forge.asn1.toDer(store).getBytes(), "latin1");
}

/** Encrypts the key as OpenSSL does. */
export function encryptKey({ key }: Certified, passphrase: string): string {
  return forge.pki.encryptRsaPrivateKey(forge.pki.privateKeyFromPem(key), passphrase, {
    algorithm: "aes256",
  });
}

/** SHA-1 with colons, as certificate tools show it. */
export function sha1({ cert }: Pick<Certified, "cert">): string {
  return new X509Certificate(cert).fingerprint;
}

/** SHA-1 without colons, as `--server-thumbprint` takes it and Windows shows it. */
export function thumbprintOf(certified: Pick<Certified, "cert">): string {
  return sha1(certified).replaceAll(":", "");
}

export function sha256({ cert }: Pick<Certified, "cert">): string {
  return new X509Certificate(cert).fingerprint256;
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * 24 * 60 * 60 * 1000);
}
