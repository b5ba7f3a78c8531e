import { deepestCause } from "../errors/errors.js";
import {
  type AccessToken,
  type Authentication,
  type Secrets,
  type TokenCredential,
  TokenFailure,
  type TokenSource,
} from "./authentication.js";

/* The first request of a client with a credential loads this module. */

/** A token is renewed two minutes before it expires, as in Azure's own clients. */
const refreshMs = 2 * 60 * 1000;

/** The tokens of one client. Concurrent requests share one call of `getToken`. */
export class Tokens implements TokenSource {
  readonly #credential: TokenCredential;
  readonly #scope: Authentication["scope"];
  readonly #secrets: Secrets;
  readonly #now: () => number;
  #current: AccessToken | undefined;
  #pending: Promise<AccessToken> | undefined;

  constructor({ credential, scope }: Authentication, secrets: Secrets, now: () => number = Date.now) {
    this.#credential = credential;
    this.#scope = scope;
    this.#secrets = secrets;
    this.#now = now;
  }

  /** Returns a token. Rejects with a TokenFailure. */
  async get(): Promise<string> {
    const current = this.#current;
    if (current !== undefined && this.#now() < refreshTime(current)) return current.token;
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    });
    try {
      return (await this.#pending).token;
    } catch (error) {
      if (current === undefined || this.#now() >= current.expiresOnTimestamp) throw error;
      return current.token;
    }
  }

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
