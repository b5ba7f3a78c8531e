import { isFabricError, isInvalidInputError } from "../../errors/errors.js";
import type { FileVersion, StoreEntry, StoreFile } from "../../operations/content.js";
import type { PackageContent } from "../../package/package-options.js";
import { isVerificationError } from "../../upload/upload-error.js";
import { markName } from "../../wire/store-path.js";
import type { DeployClients } from "./deployment.js";
import type { DeployRequests } from "./requests.js";
import type { PackagePart } from "./source.js";

/** How the files of a package differ from those that the cluster has under the same versions. */
export interface PartDifference {
  readonly part: PackagePart;
  /** Such as `WebPkg/Code/web.exe (9 bytes in the cluster, 12 in the package)`. */
  readonly text: string;
}

/** The result of a comparison of names and sizes. */
export interface StoredComparison {
  readonly differences: readonly PartDifference[];
  /** Whether all parts could be compared. */
  readonly isComplete: boolean;
  /** When the cluster stored the version, in terms of writes. Undefined if that cannot be read. */
  readonly storedAt: FileVersion | undefined;
}

const unreadable: StoredComparison = { differences: [], isComplete: false, storedAt: undefined };

/**
 * Compares the names and sizes of files with those below `Store/<type>`, where clusters with an image store service keep the parts of
 * provisioned versions, such as `Store/ShopType/WebPkg.Code.1.0.0`. Manifests are not compared, because the cluster rewrites them.
 */
export async function compareWithStored(
  parts: readonly PackagePart[],
  type: { readonly typeName: string; readonly typeVersion: string },
  requests: DeployRequests,
  store: Store,
): Promise<StoredComparison> {
  const list = listing(requests, store);
  try {
    const root = `Store/${type.typeName}/`;
    const stored = new Map<string, StoreEntry>();
    for (const entry of await list(root.slice(0, -1)))
      stored.set(keyOf(entry.storePath.slice(root.length)), entry);
    const manifest = stored.get(keyOf(`ApplicationManifest.${type.typeVersion}.xml`));
    if (manifest?.kind !== "file") return unreadable;
    const compared: (readonly PartDifference[] | undefined)[] = [];
    for (const part of parts) compared.push(await comparePart(part, stored, list));
    return {
      differences: compared.flatMap((differences) => differences ?? []),
      isComplete: !compared.includes(undefined),
      storedAt: manifest.fileVersion,
    };
  } catch (error) {
    // Other kinds of image stores cannot be listed, and some names only if the client knows the platform of the gateway.
    if (isInvalidInputError(error) || (isFabricError(error) && error.status < 500)) return unreadable;
    throw error;
  }
}

type Store = DeployClients["imageStore"];

type List = (storePath: string) => Promise<readonly StoreEntry[]>;

function listing(requests: DeployRequests, store: Store): List {
  return (storePath) =>
    requests.read(async (options) => {
      const entries: StoreEntry[] = [];
      for await (const entry of store.listContent({ storePath, ...options })) entries.push(entry);
      return entries;
    });
}

/**
 * Compares a package with the one at its destination, if that has a receipt and was written before the version. The version probably
 * came from it, so this also finds a file that changed and kept its size. Undefined if nothing is known.
 */
export async function compareWithKept(
  content: PackageContent,
  destination: string,
  storedAt: FileVersion,
  requests: DeployRequests,
  store: Store,
): Promise<"same" | "different" | undefined> {
  try {
    const kept = await filesBelow(destination, listing(requests, store));
    const isOlder = [...kept.values()].every(({ fileVersion }) => isBefore(fileVersion, storedAt));
    const hasAll = content.files.every(
      ({ relativePath, size }) => kept.get(keyOf(relativePath))?.fileSize === size,
    );
    if (kept.size === 0 || !isOlder || !hasAll) return undefined;
    const { proof } = await requests.read((options) => store.verifyPackage(content, destination, options));
    return proof === "content" ? "same" : undefined;
  } catch (error) {
    if (isVerificationError(error))
      return error.differences.some(({ kind }) => kind === "different-content") ? "different" : undefined;
    if (isInvalidInputError(error) || (isFabricError(error) && error.status < 500)) return undefined;
    throw error;
  }
}

/** Versions count writes within an epoch, and epochs follow each other. */
function isBefore(one: FileVersion, other: FileVersion): boolean {
  for (const part of ["epochDataLossNumber", "epochConfigurationNumber", "versionNumber"] as const)
    if (one[part] !== other[part]) return one[part] < other[part];
  return false;
}

/** Undefined if the part cannot be compared. */
async function comparePart(
  part: PackagePart,
  stored: ReadonlyMap<string, StoreEntry>,
  list: List,
): Promise<readonly PartDifference[] | undefined> {
  const key = keyOf(`${part.service}.${part.name}.${part.version}`);
  const [folder, archive] = [stored.get(key), stored.get(`${key}.zip`)];
  if (folder === undefined && archive === undefined) {
    const text = `${part.path} (the cluster has no ${part.element} ${part.name} ${part.version} of ${part.service})`;
    return [{ part, text }];
  }
  if (!part.path.endsWith("/")) {
    if (archive?.kind !== "file") return undefined;
    const size = part.files.get(part.path) ?? 0;
    const added = archive.fileSize - size;
    // The cluster adds settings to an archive without them.
    if (part.element === "ConfigPackage" && added > 0 && added < maxAddedSettings) return undefined;
    return added === 0 ? [] : [{ part, text: sizesText(part.path, archive.fileSize, size) }];
  }
  if (folder?.kind !== "folder") return undefined;
  const sizes = new Map<string, number>();
  for (const [path, { fileSize }] of await filesBelow(folder.storePath, list)) sizes.set(path, fileSize);
  const differences: PartDifference[] = [];
  for (const [path, size] of part.files) {
    const inside = keyOf(path.slice(part.path.length));
    const found = sizes.get(inside);
    sizes.delete(inside);
    if (found === undefined ? !runtimeLibrary.test(path) : found !== size)
      differences.push({ part, text: sizesText(path, found, size) });
  }
  for (const [inside, size] of sizes) {
    if (part.element === "ConfigPackage" && inside === "settings.xml") continue;
    differences.push({ part, text: sizesText(`${part.path}${inside}`, size, undefined) });
  }
  return differences;
}

/** More than an entry with empty settings takes. */
const maxAddedSettings = 1024;

/** Native libraries of the runtime. The cluster leaves out some of them when it copies a package. */
const runtimeLibrary =
  /(^|\/)(fabric[^/]*|boost_[^/]*|ese(perf)?|k(physical|tl)[^/]*|leaselayer|reliablecollection[^/]*|sfbdctllib|cpprest[^/]*|wastorage[^/]*)\.dll$/i;

/** All files below a folder, by the keys of their paths in it. Without mark files. */
async function filesBelow(folder: string, list: List): Promise<ReadonlyMap<string, StoreFile>> {
  const files = new Map<string, StoreFile>();
  for (let level: readonly string[] = [folder]; level.length > 0; ) {
    const next: string[] = [];
    for (let start = 0; start < level.length; start += listedAtOnce) {
      const listed = await Promise.all(level.slice(start, start + listedAtOnce).map(list));
      for (const entry of listed.flat()) {
        if (entry.kind === "folder") next.push(entry.storePath);
        else if (entry.storePath.split("/").at(-1) !== markName)
          files.set(keyOf(entry.storePath.slice(folder.length + 1)), entry);
      }
    }
    level = next;
  }
  return files;
}

const listedAtOnce = 8;

/** Stores on Windows ignore case. On Linux, two names that differ only in case are rare enough. */
function keyOf(path: string): string {
  return path.toLowerCase();
}

function sizesText(path: string, stored: number | undefined, local: number | undefined): string {
  if (stored === undefined) return `${path} (not in the cluster)`;
  if (local === undefined) return `${path} (only in the cluster)`;
  return `${path} (${stored} bytes in the cluster, ${local} in the package)`;
}

/** What differs, and which versions to raise. */
export function differentFilesText(
  { typeName, typeVersion }: { readonly typeName: string; readonly typeVersion: string },
  differences: readonly PartDifference[],
): string {
  const shown = differences.slice(0, 3).map(({ text }) => text);
  const more = differences.length > shown.length ? `, and ${differences.length - shown.length} more` : "";
  const parts = [...new Set(differences.map(({ part }) => part))];
  const versions = parts
    .slice(0, 3)
    .map(({ element, name, manifest }) => `${element} ${name} in ${manifest}`);
  return [
    `The cluster already has ${typeName} ${typeVersion} with other files: ${shown.join(", ")}${more}.`,
    "Nothing was changed, because the cluster would run the old files.",
    `Raise the version of ${versions.join(", ")}${parts.length > versions.length ? " and others" : ""}, and the versions of the service and the application that contain it.`,
  ].join(" ");
}
