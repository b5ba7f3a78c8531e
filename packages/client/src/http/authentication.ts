import { isLoopback } from "@sf-image-store/types";
import { InvalidInputError } from "../errors/errors.js";

/** A token and its lifetime, as in `@azure/core-auth`. */
export interface AccessToken {
  readonly token: string;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresOnTimestamp: number;
  /** When the client should renew the token, in milliseconds since 1970. @default two minutes before it expires */
  readonly refreshAfterTimestamp?: number;
}

/** Gets tokens: a credential from `@azure/identity`, or any object with this method. */
export interface TokenCredential {
  /** Resolves with a token for the scopes. Rejects, or resolves with `null`, if it cannot get one. */
  getToken(scopes: string | string[]): Promise<AccessToken | null>;
}

interface CredentialOptions {
  readonly credential?: TokenCredential;
  readonly tokenScope?: string | readonly string[];
  readonly allowInsecureConnection?: boolean;
}

/** A credential and the scope of its tokens. */
export interface Authentication {
  readonly credential: TokenCredential;
  readonly scope: string | readonly string[];
}

/** Returns undefined for clients without a credential. Throws InvalidInputError. */
export function readCredential(
  { credential, tokenScope, allowInsecureConnection = false }: CredentialOptions,
  endpoints: readonly string[],
): Authentication | undefined {
  if (credential === undefined) {
    if (tokenScope === undefined) return undefined;
    throw new InvalidInputError("tokenScope", "requires a credential");
  }
  if (typeof credential?.getToken !== "function") {
    throw new InvalidInputError(
      "credential",
      "must have a getToken method, like credentials from @azure/identity",
    );
  }
  const open = endpoints.find((endpoint) => {
    const { protocol, hostname } = new URL(endpoint);
    return protocol === "http:" && !isLoopback(hostname);
  });
  if (open !== undefined && !allowInsecureConnection) {
    throw new InvalidInputError(
      "endpoint",
      `must use https: with a credential, because http: exposes tokens. To send tokens to ${open} anyway, set allowInsecureConnection.`,
    );
  }
  return { credential, scope: requireScope(tokenScope) };
}

/** The scope must come from the caller: a fake server could otherwise request tokens for another application. */
function requireScope(scope: CredentialOptions["tokenScope"]): string | readonly string[] {
  const scopes = typeof scope === "string" ? [scope] : (scope ?? []);
  if (scopes.length > 0 && scopes.every((one) => typeof one === "string" && one.trim() !== "")) {
    return typeof scope === "string" ? scope : [...scopes];
  }
  throw new InvalidInputError(
    "tokenScope",
    "is required with a credential: usually the id of the cluster's application with /.default",
  );
}

/** The credential returned no token. `transportError` turns this into a CredentialError. */
export class TokenFailure extends Error {
  override readonly name = "TokenFailure";
}

/** The tokens of a client; see `Tokens`. */
export interface TokenSource {
  get(): Promise<string>;
  /** Discards a token that the server rejected. */
  refuse(token: string): void;
}

/** What the client knows about itself and the server. */
export interface Identity {
  readonly clusterId: string | undefined;
  readonly secrets: Secrets;
  /** Whether the server has ever sent valid HTTP. After that, invalid HTTP does not mean that the endpoint is wrong. */
  hasAnswered: boolean;
}

const hidden = "[hidden]";

/** Secrets to remove from error messages, because error pages of servers and proxies often repeat request headers. */
export class Secrets {
  readonly #known = new Set<string>();

  add(secret: string): void {
    this.#known.add(secret);
    // Tokens are renewed; responses to requests with older tokens have arrived long ago.
    const [oldest] = this.#known;
    if (this.#known.size > 8 && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Adds the value of an `Authorization` header, if present. */
  addFrom(headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) {
      const secret = name.toLowerCase() === "authorization" ? value.trim().split(" ").at(-1) : "";
      if (secret) this.add(secret);
    }
  }

  /** Replaces secrets in a text, including truncated ones. */
  hide(text: string): string {
    let result = text;
    for (const secret of this.#known) {
      const begin = secret.slice(0, 16).replaceAll(/[^A-Za-z0-9]/g, "\\$&");
      result = result.replaceAll(new RegExp(`${begin}[A-Za-z0-9._~+/=-]*`, "g"), hidden);
    }
    return result;
  }

  /** Whether the text contains a secret that is too long to occur by chance. */
  isIn(text: string): boolean {
    return [...this.#known].some((secret) => secret.length >= 16 && text.includes(secret));
  }

  /** Removes secrets from an error and its causes, because parsers attach the data that they could not parse. */
  scrub(error: unknown): void {
    if (!(error instanceof Error) || this.#known.size === 0) return;
    for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
      if (writable !== true) continue;
      if (typeof value === "string" && this.hide(value) !== value) Reflect.set(error, name, this.hide(value));
      if (value instanceof Uint8Array) Reflect.deleteProperty(error, name);
      if (name === "errors" && Array.isArray(value)) for (const one of value) this.scrub(one);
    }
    if (error.cause !== error) this.scrub(error.cause);
  }
}
