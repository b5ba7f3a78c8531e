/** Options for HTTPS and client certificates. */
export interface TlsOptions {
  /** The server's certificate and its chain, in PEM. Requires `key`. */
  readonly cert?: string | Uint8Array;
  /** The private key of `cert`, in PEM. */
  readonly key?: string | Uint8Array;
  /** Certificate and key in one PKCS #12 file, instead of `cert` and `key`. */
  readonly pfx?: Uint8Array;
  /** The passphrase of `key` or `pfx`, if they are encrypted. */
  readonly passphrase?: string;
  /** Certificate authorities, in PEM. If set, every client needs a certificate that one of them issued. */
  readonly clientCa?: string | Uint8Array;
  /**
   * When the server asks for the client certificate. `late` asks after the head of the first request on a connection, by
   * renegotiation, as secure gateways on Windows do. `late` limits TLS to version 1.2 and requires the platform `windows`.
   * Default: `handshake`.
   */
  readonly clientCertificate?: "handshake" | "late";
  /**
   * The extended key usage (EKU) that a client certificate needs if it names any. `client` requires client authentication,
   * as OpenSSL does. `any` also accepts certificates that were issued only for servers. Default: `client`.
   */
  readonly clientEku?: "client" | "any";
}

/** Which bearer tokens (`Authorization: Bearer …`) the emulator accepts, in place of Microsoft Entra ID. Set at least one option. */
export interface BearerOptions {
  /** The accepted tokens, compared exactly. Default: every token that `audience` accepts. */
  readonly tokens?: readonly string[];
  /** The required `aud` claim of a token. The `exp` claim must be in the future. Signatures are not verified. */
  readonly audience?: string;
}
