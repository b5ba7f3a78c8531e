import { execFile } from "node:child_process";
import type { AccessToken, TokenCredential } from "@sf-image-store/client/node";
import type { Environment } from "../connection/environment.js";
import { UsageError } from "../failure/usage-error.js";
import { SignInError } from "./sign-in-error.js";

/** Ids and URIs of applications. The text comes from a server, and on Windows it goes through a shell. */
const plain = /^[A-Za-z0-9][A-Za-z0-9:/._-]*$/;

/** Tokens of whoever has signed in to the Azure CLI. Throws UsageError for a scope that cannot be one. */
export function azureCliCredential(
  scope: string,
  tenant: string | undefined,
  environment: Environment,
): TokenCredential {
  for (const text of [scope, tenant ?? scope]) {
    if (!plain.test(text))
      throw new UsageError(`The cluster asks to sign in for ${JSON.stringify(text)}, which is no id.`);
  }
  const args = ["account", "get-access-token", "--scope", scope, "--output", "json"];
  const wanted = tenant === undefined ? args : [...args, "--tenant", tenant];
  return { getToken: async () => tokenOf(await runAzureCli(wanted, environment)) };
}

function runAzureCli(args: readonly string[], environment: Environment): Promise<string> {
  // It is a batch file on Windows, which only the shell runs.
  const options = { env: environment, timeout: 60_000, shell: process.platform === "win32" };
  return new Promise((resolve, reject) => {
    execFile("az", args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failure(error, stderr));
    });
  });
}

function failure(error: Error, stderr: string): SignInError {
  const isMissing = ("code" in error && error.code === "ENOENT") || /not recognized|not found/i.test(stderr);
  if (isMissing) {
    return new SignInError(
      "The Azure CLI (az) is not installed here: install it, or give a token by --token-file or SF_TOKEN.",
      { cause: error },
    );
  }
  const [said = ""] = stderr.split("\n").filter((line) => line.trim() !== "");
  const what = `The Azure CLI gave no token: ${(said.trim() || error.message).replace(/\.$/, "")}.`;
  return new SignInError(/az login/i.test(stderr) ? `${what} Sign in by: az login` : what, { cause: error });
}

/** Throws SignInError, without what was printed: it may be a token. */
function tokenOf(printed: string): AccessToken {
  const answer = parse(printed);
  const token = textIn(answer, "accessToken");
  const seconds = Number(answer["expires_on"]);
  if (token === undefined) throw new SignInError("The Azure CLI printed no token that can be understood.");
  // Old versions tell local time only.
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
