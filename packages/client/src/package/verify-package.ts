import { refusePath } from "../upload/byte-source.js";
import { usesReceipts } from "../upload/receipts.js";
import { VerificationError } from "../upload/upload-error.js";
import type { Verified } from "../upload/upload-options.js";
import { runUpload, type UploadEnvironment } from "../upload/upload-run.js";
import type { GatewayPlatform } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import { compareContents, requireDestination } from "./destination.js";
import { checkNames, requireContent } from "./names.js";
import {
  type PackageContent,
  packageSettings,
  type VerifyPackageOptions,
  verifyPackageOptionNames,
} from "./package-options.js";
import { createUploads, FileFailure } from "./transfer.js";
import { compareWithStore, expectedTree } from "./tree.js";

/** Validates the content, destination and options, and compares the package with the store. */
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
    const needs = { proof: false, hash: usesReceipts(run, true) };
    const uploads = createUploads(run, content, storePath, needs);
    const proof = await compareContents(run, expected, listed, uploads).catch((error: unknown) => {
      throw error instanceof FileFailure ? error.cause : error;
    });
    if (proof === "same") return { proof: "content" };
    if (proof === "unknown") return { proof: "sizes" };
    throw new VerificationError(storePath, [{ storePath, kind: "different-content" }]);
  });
}

/** Validates the content and destination, and checks names. */
export async function checkContentNames(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  content: PackageContent,
  destination: string,
): Promise<void> {
  refusePath("content", content);
  const storePath = requireDestination(destination, platform);
  requireContent(content);
  await runUpload(environment, packageSettings({}), (run) => checkNames(run, platform, content, storePath));
}
