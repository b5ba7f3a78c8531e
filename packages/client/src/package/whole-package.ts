import type { GatewayPlatform } from "../store-path.js";
import { runUpload, type UploadEnvironment } from "../upload/run-upload.js";
import { checkNames, requireContent } from "./check-names.js";
import { requireDestination } from "./destination.js";
import { expectedTree } from "./expected-tree.js";
import type { PackageContent } from "./package-content.js";
import { packageSettings, type UploadPackageOptions, type VerifyPackageOptions } from "./package-options.js";
import { type UploadedPackage, uploadPackage } from "./upload-package.js";
import { verifyTree } from "./verify-tree.js";

/** Uploads a package, once content, destination and options have proved usable. */
export function uploadContent(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  options: UploadPackageOptions & { readonly destination: string },
): Promise<UploadedPackage> {
  const settings = packageSettings(options);
  const destination = requireDestination(options.destination, platform);
  requireContent(content);
  return uploadPackage(environment, platform, content, destination, settings);
}

/** Compares a package with what is in the store, once content, destination and options have proved usable. */
export async function verifyContent(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  options: VerifyPackageOptions & { readonly destination: string },
): Promise<void> {
  const settings = packageSettings(options);
  const storePath = requireDestination(options.destination, platform);
  requireContent(content);
  await runUpload(environment, settings, async (run) => {
    const keyOf = await checkNames(run, platform, content, storePath);
    const expected = expectedTree(content, storePath, keyOf);
    await verifyTree(run, expected, { marks: true, unexpected: !settings.allowUnexpected });
  });
}
