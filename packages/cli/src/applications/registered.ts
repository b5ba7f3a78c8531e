import type { ApplicationType } from "@sf-image-store/client/applications";
import type { ClusterWithStore } from "../connection/open-store.js";
import { DeploymentError, NotFoundError } from "../errors/errors.js";
import { filesBelow, isMark, nameOf, readTree, type TreeFolder } from "../store/tree.js";
import { listTypes, typeDocument, typeText } from "./provisioning.js";

/** Whether a package is provisioned as an application type, as far as sizes tell. */
export type Registration =
  | { readonly kind: "provisioned"; readonly name: string }
  | { readonly kind: "unregistered" | "no-manifest" };

/** A provisioned version, and what the cluster stores of its type. */
interface Registered {
  readonly type: ApplicationType;
  /** The folder below `Store`. Undefined if it cannot be listed. */
  readonly stored: TreeFolder | undefined;
}

/**
 * Reads the provisioned versions. Returns a function that finds the one that a package may be. The API cannot read files back, and
 * clusters rewrite manifests, so it compares the sizes of other files: in doubt, a package counts as provisioned.
 * Throws DeploymentError while a version is being provisioned, because its package must stay.
 */
export async function readRegistered(
  { applications, store }: ClusterWithStore,
  abortSignal: AbortSignal,
): Promise<(folder: TreeFolder) => Registration> {
  const registered: Registered[] = [];
  const folders = new Map<string, TreeFolder | undefined>();
  for (const type of await listTypes(applications, abortSignal)) {
    const { typeName, status } = type;
    if (status === "Provisioning") {
      throw new DeploymentError(
        "provision-in-progress",
        `${typeText(type)} is being provisioned, and its package must not be deleted. Wait until it is available: sf-image-store type ls`,
        typeDocument(type),
      );
    }
    if (status === "Failed") continue;
    if (!folders.has(typeName)) folders.set(typeName, await readStored(store, typeName, abortSignal));
    registered.push({ type, stored: folders.get(typeName) });
  }
  return (folder) => {
    if (!hasFile(folder, "ApplicationManifest.xml")) return { kind: "no-manifest" };
    const matches = registered.filter((each) => mayBe(folder, each));
    // The path at which `deploy` puts the package of a version.
    const isAtPath = ({ type }: Registered) =>
      nameOf(folder.storePath) === `${type.typeName}_${type.typeVersion}`;
    const found = matches.find(isAtPath) ?? matches[0];
    return found === undefined
      ? { kind: "unregistered" }
      : { kind: "provisioned", name: typeText(found.type) };
  };
}

async function readStored(
  store: ClusterWithStore["store"],
  typeName: string,
  abortSignal: AbortSignal,
): Promise<TreeFolder | undefined> {
  try {
    const tree = await readTree(store, `Store/${typeName}`, { abortSignal });
    return tree.kind === "folder" ? tree : undefined;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Whether nothing that can be compared differs. */
function mayBe(folder: TreeFolder, { stored }: Registered): boolean {
  if (stored === undefined) return true;
  return folder.folders.every((service) => {
    // A folder that belongs to no service.
    if (!hasFile(service, "ServiceManifest.xml")) return true;
    const name = nameOf(service.storePath);
    const archives = service.files.filter(({ storePath }) => /\.zip$/i.test(storePath));
    return (
      startingWith(stored.files, `${name}.Manifest.`).length > 0 &&
      archives.every(({ storePath, fileSize }) => {
        const zips = startingWith(
          stored.files,
          `${name}.${nameOf(storePath).replace(/\.zip$/i, "")}.`,
        ).filter((each) => /\.zip$/i.test(each.storePath));
        // Also if there is nothing to compare with.
        return zips.length === 0 || zips.some((each) => each.fileSize === fileSize);
      }) &&
      service.folders.every((part) => {
        const parts = startingWith(stored.folders, `${name}.${nameOf(part.storePath)}.`);
        return parts.length === 0 || parts.some((each) => isCopy(part, each));
      })
    );
  });
}

/** Whether a stored part may be a copy. Clusters leave out libraries of the runtime, and add empty settings. */
function isCopy(part: TreeFolder, stored: TreeFolder): boolean {
  const sent = sizesBelow(part);
  const kept = sizesBelow(stored);
  return (
    [...sent].every(
      ([path, size]) => kept.get(path) === size || (!kept.has(path) && runtimeLibrary.test(path)),
    ) && [...kept.keys()].every((path) => sent.has(path) || path === "/settings.xml")
  );
}

const runtimeLibrary = /\/(fabric|ktl|kphysical|leaselayer|reliablecollection)[^/]*\.dll$/;

function hasFile({ files }: TreeFolder, name: string): boolean {
  return files.some(({ storePath }) => nameOf(storePath).toLowerCase() === name.toLowerCase());
}

function startingWith<Entry extends { readonly storePath: string }>(
  entries: readonly Entry[],
  start: string,
): readonly Entry[] {
  return entries.filter(({ storePath }) => nameOf(storePath).toLowerCase().startsWith(start.toLowerCase()));
}

/** The sizes of all files below a folder, by their path in it, in lower case. */
function sizesBelow(folder: TreeFolder): ReadonlyMap<string, number> {
  const files = filesBelow(folder).filter((file) => !isMark(file));
  return new Map(
    files.map(({ storePath, fileSize }) => [
      storePath.slice(folder.storePath.length).toLowerCase(),
      fileSize,
    ]),
  );
}
