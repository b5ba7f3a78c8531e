import { stat } from "node:fs/promises";
import type { AccessToken, TokenCredential } from "@sf-image-store/client/node";
import { readTextFile } from "../connection/text-file.js";
import { reasonOf } from "../failure/usage-error.js";
import { SignInError } from "./sign-in-error.js";

/** How often to look whether the file has changed. */
const lookAgainMs = 1000;

/** A token that was given as it is. */
export function fixedToken(token: string): TokenCredential {
  return { getToken: async () => accessToken(token.trim(), "The token in SF_TOKEN") };
}

/** The token in a file, which something else may replace while this runs. */
export function tokenOfFile(path: string): TokenCredential {
  let known: { readonly state: string; readonly token: string } | undefined;
  return {
    async getToken() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        const state = `${mtimeMs} ${size} ${ino}`;
        if (known?.state !== state) known = { state, token: (await readTextFile(path)).trim() };
      } catch (cause) {
        throw new SignInError(`The file for --token-file cannot be read: ${reasonOf(cause)}.`, { cause });
      }
      const refreshAfterTimestamp = Date.now() + lookAgainMs;
      return { ...accessToken(known.token, `The token in ${path}`), refreshAfterTimestamp };
    },
  };
}

/** When it ends is told by most tokens; the server judges the rest. */
function accessToken(token: string, what: string): AccessToken {
  if (token === "") throw new SignInError(`${what} is empty.`);
  const expiresOnTimestamp = endOf(token) ?? Number.POSITIVE_INFINITY;
  if (expiresOnTimestamp > Date.now()) return { token, expiresOnTimestamp };
  throw new SignInError(
    `${what} has expired on ${new Date(expiresOnTimestamp).toISOString()}: get a new one.`,
  );
}

/** The claim `exp` of a JSON Web Token, in milliseconds; undefined for other tokens. */
function endOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("exp" in claims)) return undefined;
    return typeof claims.exp === "number" ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
