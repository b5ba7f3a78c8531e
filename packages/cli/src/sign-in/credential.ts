import type { AadMetadata, OperationOptions, TokenCredential } from "@sf-image-store/client/node";
import type { Environment } from "../connection/environment.js";
import { isOnThisMachine } from "../connection/local-endpoint.js";
import { isOn, listOf, type ResolvedSettings, textOf } from "../connection/resolve.js";
import { UsageError } from "../failure/usage-error.js";

/** What the client needs for signing in. */
export interface SignIn {
  readonly credential: TokenCredential;
  readonly tokenScope: string;
}

/** What the cluster says of signing in. */
export type AskMetadata = (options: OperationOptions) => Promise<AadMetadata>;

/** How settings say to sign in; undefined for no token. A flag goes before SF_TOKEN, and that before the profile. */
function signInKind(
  settings: ResolvedSettings,
  environment: Environment,
): "aad" | "file" | "variable" | undefined {
  const { aad, tokenFile } = settings;
  if (aad !== undefined && tokenFile !== undefined)
    throw new UsageError("Give --aad or --token-file, not both.");
  const hasToken = (environment["SF_TOKEN"] ?? "") !== "";
  const named = aad ?? tokenFile;
  if (hasToken && named?.origin === "environment") {
    throw new UsageError("SF_TOKEN is set beside SF_AAD or SF_TOKEN_FILE: unset one of them.");
  }
  if (hasToken && named?.origin !== "flag") return "variable";
  if (aad !== undefined) return "aad";
  return tokenFile === undefined ? undefined : "file";
}

/** Makes the credential. Throws UsageError for what would give tokens away, and for a cluster without Entra ID. */
export async function signIn(
  settings: ResolvedSettings,
  environment: Environment,
  ask: AskMetadata,
  abortSignal: AbortSignal,
): Promise<SignIn | undefined> {
  const kind = signInKind(settings, environment);
  if (kind === undefined) return undefined;
  refuseOpenConnections(listOf(settings, "endpoint"));
  const { fixedToken, tokenOfFile } = await import("./given-token.js");
  const tokenScope = "the cluster";
  if (kind === "variable") return { credential: fixedToken(environment["SF_TOKEN"] ?? ""), tokenScope };
  if (kind === "file") return { credential: tokenOfFile(textOf(settings, "tokenFile") ?? ""), tokenScope };
  if (isOn(settings, "insecure")) {
    throw new UsageError(
      "--aad cannot be used with --insecure: whoever answers could have tokens for anything made out to it. Name the cluster's certificate by --server-thumbprint.",
    );
  }
  const { scope, tenant } = await ask({ abortSignal });
  if (scope === undefined) {
    throw new UsageError(
      "The cluster is not set up for Microsoft Entra ID: it names no application to sign in to. Use a client certificate (--pem, --cert and --key, or --pfx).",
    );
  }
  const { azureCliCredential } = await import("./azure-cli.js");
  return { credential: azureCliCredential(scope, tenant, environment), tokenScope: scope };
}

function refuseOpenConnections(endpoints: readonly string[]): void {
  const open = endpoints.find((endpoint) => /^http:/i.test(endpoint.trim()) && !isOnThisMachine(endpoint));
  if (open === undefined) return;
  throw new UsageError(
    `A token would go in the clear to ${open}, for everybody on the way to read: use https://.`,
  );
}
