import type { PackageContent } from "../../package/package-options.js";
import type { Deployment, DeployOptions } from "./deployment.js";
import type { FileSettings } from "./parameters-file.js";

/**
 * Deploys an application package: checks the manifests, uploads the package, provisions the version, creates or upgrades the
 * application, waits until the upgrade is complete and the application is healthy, and cleans up. Resolves only when the new version
 * runs and is healthy. Repeat a failed or interrupted call, on any machine, and it continues.
 *
 * Rejects with InvalidInputError before anything is sent if the input is invalid, and with DeployError otherwise. Its cause is the
 * error of the request or upload that failed, if any.
 *
 * @param source The path or `file:` URL of a directory or of an `.sfpkg` or `.zip` file; a PackageContent; or the `https:` or `http:`
 * URL of an `.sfpkg` file that the cluster downloads, which requires `typeName` and `typeVersion`.
 */
export async function deployApplication(
  source: string | URL | PackageContent,
  options: DeployOptions,
): Promise<Deployment> {
  const { deploy } = await import("./run.js");
  return deploy(source, options);
}

/**
 * Reads an ApplicationParameters file, or a Publish Profile and the file that it names, as `deployApplication` does. Rejects with
 * InvalidInputError for any other file.
 * @param file The path or `file:` URL of the file.
 */
export async function readParametersFile(file: string | URL): Promise<FileSettings> {
  const { readParametersFile: read } = await import("./parameters-file.js");
  return read(file);
}
