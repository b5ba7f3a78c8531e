/** HTTPS, and client certificates. */
export interface TlsOptions {
  /** The server's certificate, with its chain, in PEM. Needs `key`. */
  readonly cert?: string | Uint8Array;
  /** The private key of `cert`, in PEM. */
  readonly key?: string | Uint8Array;
  /** Certificate and key in one PKCS #12 file, instead of `cert` and `key`. */
  readonly pfx?: Uint8Array;
  /** Of `key` or `pfx`, if they are encrypted. */
  readonly passphrase?: string;
  /** Certificate authorities in PEM: with them, every client needs a certificate that one of them issued. */
  readonly clientCa?: string | Uint8Array;
  /**
   * When the client's certificate is asked for. `late`: only after the head of the first request on a connection was
   * read, by renegotiation, as secure gateways on Windows do; this keeps TLS at version 1.2, and goes with the platform
   * `windows` only. Default: `handshake`.
   */
  readonly clientCertificate?: "handshake" | "late";
  /**
   * Which extended key usage (EKU) a client's certificate needs if it names any: `client` for client authentication, as
   * OpenSSL wants it; `any` takes certificates that were issued for servers only. Default: `client`.
   */
  readonly clientEku?: "client" | "any";
}

/** Microsoft Entra tokens, in outline: what a caller must send as `Authorization: Bearer …`. Give one of the two or both. */
export interface BearerOptions {
  /** The tokens that are accepted, letter by letter. Default: any that `audience` accepts. */
  readonly tokens?: readonly string[];
  /** The `aud` claim that a token must have; its `exp` must not have passed. Its signature is not checked. */
  readonly audience?: string;
}
