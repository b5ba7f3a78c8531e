import { InvalidInputError } from "../errors/errors.js";
import type { CopyContentOptions, StoreFile } from "../operations/content.js";
import { copyDescription, copyOptionNames } from "../operations/copy-content.js";
import { provedContent } from "../upload/earlier-uploads.js";
import type { NameKey } from "../upload/gateway-names.js";
import { gatewayNameKey } from "../upload/gateway-names.js";
import { isWrittenSince, maxMissingRetries } from "../upload/proof.js";
import { receiptPath, refuseReceiptPath, versionHash } from "../upload/receipts.js";
import { writeReceipt } from "../upload/upload-and-verify.js";
import { type Difference, VerificationError } from "../upload/upload-error.js";
import { requireBoolean, transferSettings } from "../upload/upload-options.js";
import { newRetryBudget, runUpload, type UploadEnvironment, type UploadRun } from "../upload/upload-run.js";
import { type GatewayPlatform, markName } from "../wire/store-path.js";
import { requireOptions } from "../wire/validation.js";
import { walkFolders } from "./walk.js";

export interface CopyAndVerifyOptions extends CopyContentOptions {
  /**
   * Whether to overwrite a complete package with other content, or with content that cannot be compared, and a folder that contains
   * complete folders which the source does not have. Files are always overwritten.
   * @default false
   */
  readonly replace?: boolean;
}

/** The result of `copyAndVerify`. */
export interface Copied {
  /** The number of copied files, without mark files. */
  readonly files: number;
  /** The size of these files in bytes. */
  readonly totalBytes: number;
  /** Whether `Echo` skipped the copy, because the destination was a complete folder or an existing file. */
  readonly skipped: boolean;
  /** Whether receipts proved that the destination already had the content of the source, so that nothing was copied. */
  readonly alreadyThere: boolean;
  /** The store path of the receipt, if the source had a valid one. */
  readonly receipt: string | undefined;
}

/** Files by their path from the copied folder. A file that is copied itself has the path "". */
type Tree = ReadonlyMap<string, StoreFile>;

/**
 * Copies and verifies the listing, because a response proves nothing. Writes a receipt for the copy if the source has one.
 */
export function copyTree(
  environment: UploadEnvironment,
  platform: GatewayPlatform | undefined,
  { replace = false, ...options }: CopyAndVerifyOptions,
): Promise<Copied> {
  requireOptions("copyAndVerify", options, copyOptionNames);
  const { source, destination, skipFiles = [], copyFlag, abortSignal } = options;
  requireBoolean("replace", replace);
  copyDescription(options, platform);
  refuseReceiptPath("destination", destination);
  const settings = transferSettings(abortSignal === undefined ? {} : { abortSignal });
  return runUpload(environment, settings, async (run) => {
    const keyOf = await gatewayNameKey(run, platform);
    const from = await readTree(run, source, keyOf);
    const before = await readTree(run, destination, keyOf);
    const proved = await provedContent(run, source, receiptFiles(from));
    if (copyFlag !== "Echo" && before.has(markName) && !from.has("")) {
      const receipt = skipFiles.length > 0 ? undefined : await sameContent(run, proved, options, before);
      const none = { files: 0, totalBytes: 0, skipped: false };
      if (receipt !== undefined) return { ...none, alreadyThere: true, receipt };
      // A source that cannot be copied must not appear to be refused for its destination.
      if (!replace && from.has(markName)) throw replaceError(destination);
    } else if (!replace && !before.has(markName) && from.has(markName)) {
      const other = [...before].find(([key]) => isMark(key) && !from.has(key))?.[1];
      if (other !== undefined) throw otherPackageError(destination, other.storePath);
    }
    await environment.operations.copyContent(options);
    // Echo does not change a complete folder or an existing file.
    if (copyFlag === "Echo" && (before.has(markName) || (from.has("") && before.has("")))) {
      return { files: 0, totalBytes: 0, skipped: true, alreadyThere: false, receipt: undefined };
    }
    const skipped = new Set(skipFiles.map((name) => name.toLowerCase()));
    const copied = [...from].filter(([key]) => !skipped.has(key.split("/").at(-1) ?? ""));
    const after = await provedTree(run, keyOf, options, { expected: new Map(copied), before });
    const files = copied.filter(([key]) => !isMark(key)).map(([, file]) => file);
    const [content] = proved;
    // A concurrent write to the source may have changed what was copied.
    const isSame =
      content !== undefined &&
      (await versionHash(receiptFiles(await readTree(run, source, keyOf)))) ===
        (await versionHash(receiptFiles(from)));
    const isWhole = skipped.size === 0 && after.size === from.size;
    const outcome =
      content === undefined || !isSame || !isWhole
        ? undefined
        : await writeReceipt(
            run,
            destination,
            { content, versions: await versionHash(receiptFiles(after)) },
            before.size > 0,
          );
    const totalBytes = files.reduce((sum, { fileSize }) => sum + fileSize, 0);
    return {
      files: files.length,
      totalBytes,
      skipped: false,
      alreadyThere: false,
      receipt: outcome?.receipt,
    };
  });
}

/** The receipt of the destination, if it proves the content that the receipt of the source proves. */
async function sameContent(
  run: UploadRun,
  proved: ReadonlySet<string>,
  { destination }: CopyContentOptions,
  before: Tree,
): Promise<string | undefined> {
  const [content] = proved;
  if (content === undefined) return undefined;
  const there = receiptFiles(before);
  const [other] = await provedContent(run, destination, there);
  return content === other ? receiptPath(destination, content, await versionHash(there)) : undefined;
}

function replaceError(destination: string): InvalidInputError {
  const what = `${destination} already contains a complete package. Receipts do not prove that it is the same.`;
  return new InvalidInputError("destination", `${what} Pass replace: true to overwrite it.`);
}

/** A copy deletes the destination first, with Echo too, so a copy over a folder of packages would delete them. */
function otherPackageError(destination: string, mark: string): InvalidInputError {
  const folder = mark.slice(0, mark.lastIndexOf("/"));
  const what = `${destination} is a folder that contains ${folder}, which is complete and would be deleted.`;
  return new InvalidInputError("destination", `${what} Pass replace: true to overwrite it.`);
}

/** Lists the destination until it shows all copied files. Throws VerificationError. */
async function provedTree(
  run: UploadRun,
  keyOf: NameKey,
  { source, destination }: CopyContentOptions,
  { expected, before }: { readonly expected: Tree; readonly before: Tree },
): Promise<Tree> {
  const waiting = newRetryBudget(run, maxMissingRetries);
  for (;;) {
    const after = await readTree(run, destination, keyOf);
    const differences = [...expected].flatMap(([key, from]): Difference[] => {
      const expectedSize = from.fileSize;
      const storePath = destination + from.storePath.slice(source.length);
      const file = after.get(key);
      if (file === undefined) return [{ storePath, kind: "missing", expectedSize }];
      const actualSize = file.fileSize;
      if (!run.server.comparesContent && !isWrittenSince({ file: before.get(key) }, file)) {
        return [{ storePath, kind: "unchanged", expectedSize, actualSize }];
      }
      return actualSize === expectedSize ? [] : [{ storePath, kind: "wrong-size", expectedSize, actualSize }];
    });
    if (differences.length === 0) return after;
    const error = new VerificationError(destination, differences);
    if (!differences.every(({ kind }) => kind === "missing")) throw error;
    await waiting.wait(error, run.signal);
  }
}

async function readTree(run: UploadRun, storePath: string, keyOf: NameKey): Promise<Tree> {
  const files = await listAllFiles(run, storePath);
  return new Map(files.map((file) => [keyOf(file.storePath).slice(keyOf(storePath).length + 1), file]));
}

function isMark(key: string): boolean {
  return `/${key}`.endsWith(`/${markName}`);
}

function receiptFiles(tree: Tree) {
  return [...tree]
    .filter(([key]) => !isMark(key))
    .map(([key, { fileSize: size, fileVersion }]) => ({ key, size, fileVersion }));
}

/** All files at a path and below it, at any depth. Empty if the path does not exist. */
async function listAllFiles(run: UploadRun, storePath: string): Promise<readonly StoreFile[]> {
  const files = new Map<string, StoreFile>();
  const seen = new Set([storePath]);
  await walkFolders(run, [storePath], (page) => {
    for (const file of page.files) files.set(file.storePath, file);
    return page.folders.flatMap(({ storePath: path }) => {
      const isNew = !seen.has(path);
      seen.add(path);
      return isNew ? [path] : [];
    });
  });
  return [...files.values()];
}
