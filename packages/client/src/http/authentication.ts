import { isLoopback } from "@sf-image-store/types";
import { untilAborted } from "../async/clock.js";
import { deepestCause, InvalidInputError } from "../errors/errors.js";
import type { Send, Sendable } from "../wire/request.js";

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

/** Returns undefined for clients without a credential. Throws InvalidInputError. */
export function readTokens(
  { credential, tokenScope, allowInsecureConnection = false }: CredentialOptions,
  endpoints: readonly string[],
  secrets: Secrets,
): Tokens | undefined {
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
  return new Tokens(credential, requireScope(tokenScope), secrets);
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

/** A token is renewed two minutes before it expires, as in Azure's own clients. */
const refreshMs = 2 * 60 * 1000;

/** The credential returned no token. `transportError` turns this into a CredentialError. */
export class TokenFailure extends Error {
  override readonly name = "TokenFailure";
}

/** The tokens of one client. Concurrent requests share one call of `getToken`. */
export class Tokens {
  readonly #credential: TokenCredential;
  readonly #scope: string | readonly string[];
  readonly #secrets: Secrets;
  readonly #now: () => number;
  #current: AccessToken | undefined;
  #pending: Promise<AccessToken> | undefined;

  constructor(
    credential: TokenCredential,
    scope: string | readonly string[],
    secrets: Secrets,
    now: () => number = Date.now,
  ) {
    this.#credential = credential;
    this.#scope = scope;
    this.#secrets = secrets;
    this.#now = now;
  }

  /** Returns a token. Rejects with a TokenFailure, or with the signal's reason when the signal is aborted. */
  async get(signal: AbortSignal | null | undefined): Promise<string> {
    const current = this.#current;
    if (current !== undefined && this.#now() < refreshTime(current)) return current.token;
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    });
    // An abort ends only this wait, because other requests may wait for the same token.
    const pending = signal == null ? this.#pending : untilAborted(signal, this.#pending);
    try {
      return (await pending).token;
    } catch (error) {
      if (signal?.aborted || current === undefined || this.#now() >= current.expiresOnTimestamp) throw error;
      return current.token;
    }
  }

  /** Discards a token that the server rejected. */
  refuse(token: string): void {
    if (this.#current?.token === token) this.#current = undefined;
  }

  async #ask(): Promise<AccessToken> {
    const given = await this.#getToken();
    if (!isToken(given)) {
      throw new TokenFailure(
        `the credential returned no valid token for ${this.#scope}: it must have token, a string without whitespace, and expiresOnTimestamp, in milliseconds`,
      );
    }
    this.#secrets.add(given.token);
    this.#current = given;
    return given;
  }

  async #getToken(): Promise<unknown> {
    try {
      const scope = this.#scope;
      return await this.#credential.getToken(typeof scope === "string" ? scope : [...scope]);
    } catch (cause) {
      const { message } = deepestCause(cause);
      throw new TokenFailure(`the credential returned no token for ${this.#scope}: ${message}`, { cause });
    }
  }
}

function refreshTime({ expiresOnTimestamp, refreshAfterTimestamp }: AccessToken): number {
  return Math.min(refreshAfterTimestamp ?? Number.POSITIVE_INFINITY, expiresOnTimestamp - refreshMs);
}

function isToken(given: unknown): given is AccessToken {
  return (
    typeof given === "object" &&
    given !== null &&
    "token" in given &&
    typeof given.token === "string" &&
    /^[\x21-\x7e]+$/.test(given.token) &&
    "expiresOnTimestamp" in given &&
    typeof given.expiresOnTimestamp === "number" &&
    !Number.isNaN(given.expiresOnTimestamp)
  );
}

/**
 * Sends requests with a token. If the server rejects the token, gets a new one and retries once. It does not retry with the
 * same token, because a missing permission would fail again.
 */
export function authorize(tokens: Tokens, send: Send): Send {
  return async (request) => {
    const { signal } = request.init;
    const token = await tokens.get(signal);
    const received = await send(withToken(request, token));
    const { status } = received.response;
    if (status !== 401 && status !== 403) return received;
    tokens.refuse(token);
    // If there is no new token, report the server's response. The next request reports why.
    const other = await tokens.get(signal).catch(() => token);
    if (other === token) return received;
    return send(withToken(request, other));
  };
}

function withToken(request: Sendable, token: string): Sendable {
  const headers = new Headers(request.init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...request, init: { ...request.init, headers } };
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
