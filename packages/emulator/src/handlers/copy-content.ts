import type { Schemas } from "@sf-image-store/types";
import type { ImageStore } from "../image-store.js";
import type { StoredFile } from "../store/catalog.js";
import type { Patience } from "../store/pending-writes.js";
import { foldCase, type Platform, separatorOf } from "../store/store-path.js";
import { type Answer, okAnswer } from "../wire/answers.js";
import { FabricError, systemErrorCode } from "../wire/fabric-error.js";
import { type ImageStoreRequest, refuseReservedFolder } from "./handler.js";

const markName = "_.dir";

interface FileCopy {
  readonly source: StoredFile;
  readonly destination: string;
}

/** Copies a file, or a folder that has its mark file (protocol §1.5). */
export async function copyContent(store: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const description = readCopyDescription(request.smallBody);
  const { content, platform } = store;
  const source = content.parsePath(description.source);
  content.parsePath(description.destination);
  const file = content.find(source);
  if (file?.stable === true && sameText(file.path, description.source, platform)) {
    const copy = { source: file, destination: description.destination };
    await copyFile(store, copy, description, request);
  } else {
    await copyFolder(store, stableFiles(store, description), description, request);
  }
  return okAnswer();
}

/** The files that a recursive listing of the source shows. */
function stableFiles({ content }: ImageStore, { source }: CopyDescription): readonly StoredFile[] {
  return content.below(content.parsePath(source)).filter((file) => file.stable);
}

async function copyFolder(
  store: ImageStore,
  files: readonly StoredFile[],
  description: CopyDescription,
  patience: Patience,
): Promise<void> {
  const { platform, content } = store;
  const folder = withSeparator(description.source, platform);
  const mark = files.find((file) => sameText(file.path, folder + markName, platform));
  // A folder without its mark file is not complete. A source with the other separator matches no file.
  if (mark === undefined) throw new FabricError("FABRIC_E_FILE_NOT_FOUND");
  const destination = content.parsePath(description.destination);
  if (description.flag === "Echo" && content.find(content.markOf(destination)) !== undefined) return;
  // The destination is deleted first, with the same rules as any delete.
  refuseReservedFolder(description.destination);
  await store.pendingWrites.runInTurn(destination, "delete", patience, () =>
    content.remove(destination, () => store.staging.newName()),
  );
  const inside = files.filter(
    (file) =>
      file !== mark && startsWithText(file.path, folder, platform) && !isSkipped(file, description, platform),
  );
  for (const source of inside) {
    // As on a cluster, the new names are built by concatenation, so a separator at the end of the source is lost.
    const rest = source.path.slice(description.source.length);
    const copy = { source, destination: description.destination + rest };
    await copyFile(store, copy, description, patience);
  }
  const markCopy = { source: mark, destination: withSeparator(description.destination, platform) + markName };
  await copyFile(store, markCopy, { flag: "Overwrite" }, patience);
}

async function copyFile(
  { content, staging, pendingWrites }: ImageStore,
  { source, destination }: FileCopy,
  { flag }: Pick<CopyDescription, "flag">,
  patience: Patience,
): Promise<void> {
  const path = content.parsePath(destination);
  // If the destination exists, the copy succeeds without doing anything.
  if (flag === "Echo" && content.find(path) !== undefined) return;
  const file = await duplicate(content.resolve(content.parsePath(source.path)), staging);
  await staging.handOver(file, () =>
    pendingWrites.runInTurn(path, "write", patience, () => content.replace(path, file)),
  );
}

async function duplicate(source: string, staging: ImageStore["staging"]): Promise<string> {
  try {
    return await staging.duplicate(source);
  } catch (error) {
    // A symbolic link has replaced the file since the path was checked.
    if (systemErrorCode(error) === "ELOOP")
      throw new FabricError("E_INVALIDARG", undefined, { cause: error });
    // Copying a folder onto itself with Overwrite deletes the source first.
    if (systemErrorCode(error) === "ENOENT") {
      throw new FabricError("FABRIC_E_FILE_NOT_FOUND", undefined, { cause: error });
    }
    throw error;
  }
}

function isSkipped({ path }: StoredFile, { skipFiles }: CopyDescription, platform: Platform): boolean {
  const name = path.slice(path.lastIndexOf(separatorOf(platform)) + 1);
  return skipFiles.some((skipped) => foldCase(skipped) === foldCase(name));
}

function withSeparator(path: string, platform: Platform): string {
  return path.endsWith(separatorOf(platform)) ? path : path + separatorOf(platform);
}

/** Ignores case on Windows, but not separators. Equal texts have the same length, see `foldCase`. */
function sameText(left: string, right: string, platform: Platform): boolean {
  return foldCase(left, platform) === foldCase(right, platform);
}

function startsWithText(path: string, prefix: string, platform: Platform): boolean {
  return sameText(path.slice(0, prefix.length), prefix, platform);
}

/** The parameters of a copy. */
export interface CopyDescription {
  /** Compared with paths of listings without normalizing separators (protocol §1.5). */
  readonly source: string;
  readonly destination: string;
  readonly skipFiles: readonly string[];
  readonly flag: NonNullable<Schemas["ImageStoreCopyDescription"]["CopyFlag"]>;
}

/** Flags by number and by name. 0 is `Invalid`, which acts like every flag except `Overwrite`. */
const flags: ReadonlyMap<string, CopyDescription["flag"]> = new Map([
  ["0", "Echo"],
  ["1", "Echo"],
  ["2", "Overwrite"],
  ["Invalid", "Echo"],
  ["Echo", "Echo"],
  ["Overwrite", "Overwrite"],
]);

/**
 * Reads the body of a copy. As on a cluster, `CheckMarkFile` has no effect (protocol §1.5).
 * @throws FabricError `E_INVALIDARG` if the body is not valid.
 */
function readCopyDescription(body: Buffer): CopyDescription {
  const value = parseObject(body);
  const {
    RemoteSource,
    RemoteDestination,
    SkipFiles = [],
    CopyFlag = "Overwrite",
    CheckMarkFile = false,
  } = value;
  const isFlag = typeof CopyFlag === "string" || typeof CopyFlag === "number";
  const flag = isFlag ? flags.get(String(CopyFlag)) : undefined;
  if (
    typeof RemoteSource !== "string" ||
    typeof RemoteDestination !== "string" ||
    !isTextArray(SkipFiles) ||
    flag === undefined ||
    typeof CheckMarkFile !== "boolean"
  ) {
    throw new FabricError("E_INVALIDARG");
  }
  return { source: RemoteSource, destination: RemoteDestination, skipFiles: SkipFiles, flag };
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Reported below, like every other body that is not an object.
  }
  throw new FabricError("E_INVALIDARG");
}

function isTextArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
