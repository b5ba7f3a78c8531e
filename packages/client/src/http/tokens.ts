import { untilAborted } from "../async/abort.js";
import { deepestCause } from "../errors/deepest-cause.js";
import type { Secrets } from "../errors/secrets.js";
import type { AccessToken, TokenCredential } from "./credential.js";

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
