import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import type {
  AadMetadata,
  AccessToken,
  OperationOptions,
  TokenCredential,
} from "@sf-image-store/client/node";
import { reasonOf, SignInError, UsageError } from "../errors/errors.js";
import type { Environment } from "../output/output.js";
import { isLocalEndpoint, isOn, listOf, type ResolvedSettings, textOf } from "./settings.js";
import { readTextFile } from "./text-file.js";

/** The client options for signing in. */
export interface SignIn {
  readonly credential: TokenCredential;
  readonly tokenScope: string;
}

/** Requests the cluster's Microsoft Entra ID parameters. */
export type AskMetadata = (options: OperationOptions) => Promise<AadMetadata>;

/** Where the token comes from; undefined for none. A flag overrides SF_TOKEN, and SF_TOKEN overrides the profile. */
function chooseSignIn(
  settings: ResolvedSettings,
  environment: Environment,
): "aad" | "file" | "variable" | undefined {
  const { aad, tokenFile } = settings;
  if (aad !== undefined && tokenFile !== undefined)
    throw new UsageError("Specify --aad or --token-file, not both.");
  const hasToken = (environment["SF_TOKEN"] ?? "") !== "";
  const named = aad ?? tokenFile;
  if (hasToken && named?.origin === "environment") {
    throw new UsageError("SF_TOKEN is set together with SF_AAD or SF_TOKEN_FILE. Unset one of them.");
  }
  if (hasToken && named?.origin !== "flag") return "variable";
  if (aad !== undefined) return "aad";
  return tokenFile === undefined ? undefined : "file";
}

/** Creates the credential. Throws UsageError if a token could leak, or if the cluster does not use Entra ID. */
export async function signIn(
  settings: ResolvedSettings,
  environment: Environment,
  ask: AskMetadata,
  abortSignal: AbortSignal,
): Promise<SignIn | undefined> {
  const kind = chooseSignIn(settings, environment);
  if (kind === undefined) return undefined;
  requireEncryption(listOf(settings, "endpoint"));
  const tokenScope = "the cluster";
  if (kind === "variable") return { credential: fixedToken(environment["SF_TOKEN"] ?? ""), tokenScope };
  if (kind === "file") return { credential: tokenOfFile(textOf(settings, "tokenFile") ?? ""), tokenScope };
  if (isOn(settings, "insecure")) {
    throw new UsageError(
      "--aad cannot be used with --insecure, because an impostor could request tokens for other applications. Use --server-thumbprint to verify the cluster certificate.",
    );
  }
  const { scope, tenant } = await ask({ abortSignal });
  if (scope === undefined) {
    throw new UsageError(
      "The cluster is not configured for Microsoft Entra ID. Use a client certificate (--pem, --cert with --key, or --pfx).",
    );
  }
  return { credential: azureCliCredential(scope, tenant, environment), tokenScope: scope };
}

function requireEncryption(endpoints: readonly string[]): void {
  const open = endpoints.find((endpoint) => /^http:/i.test(endpoint.trim()) && !isLocalEndpoint(endpoint));
  if (open === undefined) return;
  throw new UsageError(`Refusing to send a token unencrypted to ${open}. Use an https:// endpoint.`);
}

/** Minimum time between two checks whether the token file has changed. */
const fileCheckIntervalMs = 1000;

/** A credential with a fixed token. */
function fixedToken(token: string): TokenCredential {
  return { getToken: async () => accessToken(token.trim(), "The token in SF_TOKEN") };
}

/** A credential with a token from a file, which another program may replace at any time. */
export function tokenOfFile(path: string): TokenCredential {
  let known: { readonly state: string; readonly token: string } | undefined;
  return {
    async getToken() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        const state = `${mtimeMs} ${size} ${ino}`;
        if (known?.state !== state) known = { state, token: (await readTextFile(path)).trim() };
      } catch (cause) {
        throw new SignInError(`Cannot read the file of --token-file: ${reasonOf(cause)}.`, { cause });
      }
      const refreshAfterTimestamp = Date.now() + fileCheckIntervalMs;
      return { ...accessToken(known.token, `The token in ${path}`), refreshAfterTimestamp };
    },
  };
}

/** Checks the expiration if the token contains one. Otherwise the server decides. */
function accessToken(token: string, what: string): AccessToken {
  if (token === "") throw new SignInError(`${what} is empty.`);
  const expiresOnTimestamp = expirationOf(token) ?? Number.POSITIVE_INFINITY;
  if (expiresOnTimestamp > Date.now()) return { token, expiresOnTimestamp };
  throw new SignInError(`${what} expired on ${new Date(expiresOnTimestamp).toISOString()}. Get a new token.`);
}

/** The `exp` claim of a JSON Web Token, in milliseconds; undefined for other tokens. */
function expirationOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("exp" in claims)) return undefined;
    return typeof claims.exp === "number" ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** Allows application IDs and URIs. The text comes from a server and passes through a shell on Windows. */
const applicationIdPattern = /^[A-Za-z0-9][A-Za-z0-9:/._-]*$/;

/** A credential with the tokens of the user signed in to the Azure CLI. Throws UsageError for an invalid scope. */
function azureCliCredential(
  scope: string,
  tenant: string | undefined,
  environment: Environment,
): TokenCredential {
  for (const text of [scope, tenant ?? scope]) {
    if (!applicationIdPattern.test(text))
      throw new UsageError(
        `The cluster requests a sign-in for ${JSON.stringify(text)}, which is not a valid application ID.`,
      );
  }
  const args = ["account", "get-access-token", "--scope", scope, "--output", "json"];
  const allArgs = tenant === undefined ? args : [...args, "--tenant", tenant];
  return { getToken: async () => tokenOf(await runAzureCli(allArgs, environment)) };
}

function runAzureCli(args: readonly string[], environment: Environment): Promise<string> {
  // On Windows, az is a batch file, which only a shell can run.
  const options = { env: environment, timeout: 60_000, shell: process.platform === "win32" };
  return new Promise((resolve, reject) => {
    execFile("az", args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(azureCliError(error, stderr));
    });
  });
}

function azureCliError(error: Error, stderr: string): SignInError {
  const isMissing = ("code" in error && error.code === "ENOENT") || /not recognized|not found/i.test(stderr);
  if (isMissing) {
    return new SignInError(
      "The Azure CLI (az) is not installed. Install it, or provide a token with --token-file or SF_TOKEN.",
      { cause: error },
    );
  }
  const [firstLine = ""] = stderr.split("\n").filter((line) => line.trim() !== "");
  const what = `The Azure CLI did not return a token: ${(firstLine.trim() || error.message).replace(/\.$/, "")}.`;
  return new SignInError(/az login/i.test(stderr) ? `${what} To sign in, run: az login` : what, {
    cause: error,
  });
}

/** Parses the output of the Azure CLI. The SignInError does not contain the output, which may be a token. */
function tokenOf(printed: string): AccessToken {
  const answer = parse(printed);
  const token = textIn(answer, "accessToken");
  const seconds = Number(answer["expires_on"]);
  if (token === undefined) throw new SignInError("The output of the Azure CLI contains no token.");
  // Old versions of the Azure CLI print only local time.
  const expiresOnTimestamp =
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : Date.parse(textIn(answer, "expiresOn") ?? "");
  return {
    token,
    expiresOnTimestamp: Number.isNaN(expiresOnTimestamp) ? Date.now() + 300_000 : expiresOnTimestamp,
  };
}

function parse(printed: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(printed) };
  } catch {
    return {};
  }
}

function textIn(answer: Record<string, unknown>, name: string): string | undefined {
  const value = answer[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
