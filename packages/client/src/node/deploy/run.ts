import type { PackageContent } from "../../package/package-options.js";
import type { Deployment, DeployOptions } from "./deployment.js";

export async function deploy(
  _source: string | URL | PackageContent,
  _options: DeployOptions,
): Promise<Deployment> {
  throw new Error("not implemented yet");
}
