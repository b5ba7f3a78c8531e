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

/** What the source's listing shows, deeply. */
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
  // A folder without its mark is not complete, and one spelt with the other separator matches nothing.
  if (mark === undefined) throw new FabricError("FABRIC_E_FILE_NOT_FOUND");
  const destination = content.parsePath(description.destination);
  if (description.flag === "Echo" && content.find(content.markOf(destination)) !== undefined) return;
  // The destination is deleted first, by the rules of every deletion.
  refuseReservedFolder(description.destination);
  await store.pendingWrites.runInTurn(destination, "delete", patience, () =>
    content.remove(destination, () => store.staging.newName()),
  );
  const inside = files.filter(
    (file) =>
      file !== mark && startsWithText(file.path, folder, platform) && !isSkipped(file, description, platform),
  );
  for (const source of inside) {
    // Text behind text: a source that ends with a separator loses it in the new names, as on a cluster.
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
  // A destination that exists counts as success.
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
    // What was a file when the path was looked at is a symbolic link now.
    if (systemErrorCode(error) === "ELOOP")
      throw new FabricError("E_INVALIDARG", undefined, { cause: error });
    // Overwriting a folder with itself has deleted it first.
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

/** Separators count as they are; on Windows case does not. Texts that are the same are equally long, see `foldCase`. */
function sameText(left: string, right: string, platform: Platform): boolean {
  return foldCase(left, platform) === foldCase(right, platform);
}

function startsWithText(path: string, prefix: string, platform: Platform): boolean {
  return sameText(path.slice(0, prefix.length), prefix, platform);
}

/** A copy as it was asked for. */
export interface CopyDescription {
  /** Compared with the paths of listings as it stands, `\` for `\` (protocol §1.5). */
  readonly source: string;
  readonly destination: string;
  readonly skipFiles: readonly string[];
  readonly flag: NonNullable<Schemas["ImageStoreCopyDescription"]["CopyFlag"]>;
}

/** By number or by name; 0 is `Invalid`, which acts like everything that is not `Overwrite`. */
const flags: ReadonlyMap<string, CopyDescription["flag"]> = new Map([
  ["0", "Echo"],
  ["1", "Echo"],
  ["2", "Overwrite"],
  ["Invalid", "Echo"],
  ["Echo", "Echo"],
  ["Overwrite", "Overwrite"],
]);

/**
 * Reads the body of a copy. `CheckMarkFile` is read and never consulted, as on a cluster (protocol §1.5).
 * @throws FabricError `E_INVALIDARG` for a body that makes no sense.
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
    // Reported below, like every other body that is no object.
  }
  throw new FabricError("E_INVALIDARG");
}

function isTextArray(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
