import { refusePath } from "../upload/byte-source.js";
import { keepsReceipts } from "../upload/receipts.js";
import { runUpload, type UploadEnvironment } from "../upload/run-upload.js";
import { VerificationError } from "../upload/upload-error.js";
import type { Verified } from "../upload/upload-options.js";
import { requireOptions } from "../wire/known-options.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { checkNames, requireContent } from "./check-names.js";
import { requireDestination } from "./destination.js";
import { expectedTree } from "./expected-tree.js";
import type { PackageContent } from "./package-content.js";
import {
  packageSettings,
  type UploadPackageOptions,
  uploadPackageOptionNames,
  type VerifyPackageOptions,
  verifyPackageOptionNames,
} from "./package-options.js";
import { proofOf } from "./package-receipts.js";
import { FileFailure, newUploads } from "./transfer.js";
import { type UploadedPackage, uploadPackage } from "./upload-package.js";
import { compareWithStore } from "./verify-tree.js";

export { copyTree } from "./copy-tree.js";

/** Uploads a package, once content, destination and options have proved usable. */
export function uploadContent(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  options: UploadPackageOptions & { readonly destination: string },
): Promise<UploadedPackage> {
  refusePath("content", content);
  requireOptions("uploadPackage", options, uploadPackageOptionNames);
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
  destination: string,
  options: VerifyPackageOptions,
): Promise<Verified> {
  refusePath("content", content);
  requireOptions("verifyPackage", options, verifyPackageOptionNames);
  const settings = packageSettings(options);
  const storePath = requireDestination(destination, platform);
  requireContent(content);
  return runUpload(environment, settings, async (run) => {
    const keyOf = await checkNames(run, platform, content, storePath);
    const expected = expectedTree(content, storePath, keyOf);
    const comparison = { marks: true, unexpected: !settings.allowUnexpected };
    const { listed, differences } = await compareWithStore(run, expected, comparison);
    if (differences.length > 0) throw new VerificationError(storePath, differences);
    const needs = { proof: false, hash: keepsReceipts(run, true) };
    const uploads = newUploads(run, content, storePath, needs);
    const proof = await proofOf(run, expected, listed, uploads).catch((error: unknown) => {
      throw error instanceof FileFailure ? error.cause : error;
    });
    if (proof === "same") return { proof: "content" };
    if (proof === "unknown") return { proof: "sizes" };
    throw new VerificationError(storePath, [{ storePath, kind: "different-content" }]);
  });
}
