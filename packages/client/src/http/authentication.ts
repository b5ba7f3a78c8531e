import { isLoopback } from "@sf-image-store/types";
import { untilAborted } from "../async/clock.js";
import { deepestCause, InvalidInputError } from "../errors/errors.js";
import type { Send, Sendable } from "../wire/request.js";

/** A token, and how long it may be used. As in `@azure/core-auth`. */
export interface AccessToken {
  readonly token: string;
  /** When it ends, in milliseconds since 1970. */
  readonly expiresOnTimestamp: number;
  /** From when on it should be replaced, in milliseconds since 1970. @default two minutes before it ends */
  readonly refreshAfterTimestamp?: number;
}

/** Gives tokens. Every credential of `@azure/identity` is one; so is an object with this one method. */
export interface TokenCredential {
  /** Resolves with a token for the scopes. `null`, or a rejection, when there is none. */
  getToken(scopes: string | string[]): Promise<AccessToken | null>;
}

interface CredentialOptions {
  readonly credential?: TokenCredential;
  readonly tokenScope?: string | readonly string[];
  readonly allowInsecureConnection?: boolean;
}

/** Undefined for clients without a credential. Throws InvalidInputError. */
export function readTokens(
  { credential, tokenScope, allowInsecureConnection = false }: CredentialOptions,
  endpoints: readonly string[],
  secrets: Secrets,
): Tokens | undefined {
  if (credential === undefined) {
    if (tokenScope === undefined) return undefined;
    throw new InvalidInputError("tokenScope", "needs a credential");
  }
  if (typeof credential?.getToken !== "function") {
    throw new InvalidInputError(
      "credential",
      "must have a method getToken, as those of @azure/identity have",
    );
  }
  const open = endpoints.find((endpoint) => {
    const { protocol, hostname } = new URL(endpoint);
    return protocol === "http:" && !isLoopback(hostname);
  });
  if (open !== undefined && !allowInsecureConnection) {
    throw new InvalidInputError(
      "endpoint",
      `must use https: with a credential, or others could read its tokens. To send them to ${open} all the same, set allowInsecureConnection.`,
    );
  }
  return new Tokens(credential, requireScope(tokenScope), secrets);
}

/** Never learnt from the server in passing: whoever answers in its place could have tokens for anything made out to it. */
function requireScope(scope: CredentialOptions["tokenScope"]): string | readonly string[] {
  const scopes = typeof scope === "string" ? [scope] : (scope ?? []);
  if (scopes.length > 0 && scopes.every((one) => typeof one === "string" && one.trim() !== "")) {
    return typeof scope === "string" ? scope : [...scopes];
  }
  throw new InvalidInputError(
    "tokenScope",
    "is required with a credential. It is usually the id of the cluster's application with /.default",
  );
}

/** From so long before its end, a token is replaced: as Azure's own clients do. */
const refreshMs = 2 * 60 * 1000;

/** There is no token to send. The mapper makes an error for callers of it. */
export class TokenFailure extends Error {
  override readonly name = "TokenFailure";
}

/** The tokens of one client. Requests that need one at the same time wait for the same. */
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

  /** A token to send. Rejects with a TokenFailure, or with the signal's reason when it is aborted. */
  async get(signal: AbortSignal | null | undefined): Promise<string> {
    const current = this.#current;
    if (current !== undefined && this.#now() < refreshTime(current)) return current.token;
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    });
    // An end to the waiting, not to the asking: others may be waiting, too.
    const pending = signal == null ? this.#pending : untilAborted(signal, this.#pending);
    try {
      return (await pending).token;
    } catch (error) {
      if (signal?.aborted || current === undefined || this.#now() >= current.expiresOnTimestamp) throw error;
      return current.token;
    }
  }

  /** The server does not take it: it is not used again unless the credential gives it again. */
  refuse(token: string): void {
    if (this.#current?.token === token) this.#current = undefined;
  }

  async #ask(): Promise<AccessToken> {
    const given = await this.#getToken();
    if (!isToken(given)) {
      throw new TokenFailure(
        `the credential gave no usable token for ${this.#scope}: it must have token, text without blanks, and expiresOnTimestamp, in milliseconds`,
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
      throw new TokenFailure(`the credential gave no token for ${this.#scope}: ${message}`, { cause });
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
 * Sends requests with a token. One that the server refuses is replaced, and the request sent once more, if there is
 * another: who lacks a right lacks it with the same token, too.
 */
export function authorize(tokens: Tokens, send: Send): Send {
  return async (request) => {
    const { signal } = request.init;
    const token = await tokens.get(signal);
    const received = await send(withToken(request, token));
    const { status } = received.response;
    if (status !== 401 && status !== 403) return received;
    tokens.refuse(token);
    // Without another one, the refusal says more than why there is none; the next request will tell that.
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

/** What requests say of who sends them, and what is known of whom they are sent to. */
export interface Identity {
  readonly clusterId: string | undefined;
  readonly secrets: Secrets;
  /** Whether an answer in HTTP has ever come: then one that cannot be read is no sign of a wrong endpoint. */
  hasAnswered: boolean;
}

const hidden = "[hidden]";

/** What was sent and nobody may read: servers and proxies like to repeat what they got in their error pages. */
export class Secrets {
  readonly #known = new Set<string>();

  add(secret: string): void {
    this.#known.add(secret);
    // Tokens come and go; answers to the last but seven have long come.
    const [oldest] = this.#known;
    if (this.#known.size > 8 && oldest !== undefined) this.#known.delete(oldest);
  }

  /** What an `Authorization` header says, if there is one. */
  addFrom(headers: Readonly<Record<string, string>>): void {
    const value = new Headers(headers).get("Authorization")?.split(" ").at(-1) ?? "";
    if (value !== "") this.add(value);
  }

  /** The text without secrets, also without one that was cut off. */
  hide(text: string): string {
    let result = text;
    for (const secret of this.#known) {
      const begin = secret.slice(0, 16).replaceAll(/[^A-Za-z0-9]/g, "\\$&");
      result = result.replaceAll(new RegExp(`${begin}[A-Za-z0-9._~+/=-]*`, "g"), hidden);
    }
    return result;
  }

  /** Whether a secret, one that cannot stand there by chance, is in the text. */
  isIn(text: string): boolean {
    return [...this.#known].some((secret) => secret.length >= 16 && text.includes(secret));
  }

  /** Takes secrets out of an error and its causes. Parsers attach what they could not read. */
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
