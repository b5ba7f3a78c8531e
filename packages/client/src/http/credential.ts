import { InvalidInputError } from "../errors/errors.js";
import type { Secrets } from "../errors/secrets.js";
import { isLoopback } from "./endpoints.js";
import { Tokens } from "./tokens.js";

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
    throw new InvalidInputError("tokenScope", "is of no use without a credential");
  }
  if (typeof credential?.getToken !== "function") {
    throw new InvalidInputError(
      "credential",
      "must have a method getToken, as those of @azure/identity have",
    );
  }
  const open = endpoints.find((endpoint) => new URL(endpoint).protocol === "http:" && !isLoopback(endpoint));
  if (open !== undefined && !allowInsecureConnection) {
    throw new InvalidInputError(
      "endpoint",
      `must begin with https:// beside a credential: everybody on the way could read its tokens. (${open}; allowInsecureConnection permits it)`,
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
    "is required beside a credential: what tokens shall be for, mostly the id of the cluster's application with /.default",
  );
}
