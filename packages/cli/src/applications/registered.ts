import type { ApplicationType } from "@sf-image-store/client/applications";
import type { StoreFile } from "@sf-image-store/client/node";
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
  /** The sizes that its application manifest can have as a file. */
  readonly manifestSizes: readonly number[];
  /** The folder below `Store`. Undefined if it cannot be listed. */
  readonly stored: TreeFolder | undefined;
}

/**
 * Reads the provisioned versions. Returns a function that finds the one that a package may be. The API cannot read files back, so
 * it compares sizes: in doubt, a package counts as provisioned.
 * Throws DeploymentError while a version is being provisioned, because its package must stay.
 */
export async function readRegistered(
  { applications, store }: ClusterWithStore,
  abortSignal: AbortSignal,
): Promise<(folder: TreeFolder) => Registration> {
  const registered: Registered[] = [];
  const folders = new Map<string, TreeFolder | undefined>();
  for (const type of await listTypes(applications, abortSignal)) {
    const { typeName, typeVersion, status } = type;
    if (status === "Provisioning") {
      throw new DeploymentError(
        "provision-in-progress",
        `${typeText(type)} is being provisioned, and its package must not be deleted. Wait until it is available: sf-image-store type ls`,
        typeDocument(type),
      );
    }
    if (status === "Failed") continue;
    if (!folders.has(typeName)) folders.set(typeName, await readStored(store, typeName, abortSignal));
    const manifest = await applications.getApplicationManifest({ typeName, typeVersion, abortSignal });
    const stored = folders.get(typeName);
    const file = stored?.files.find(
      (each) => nameOf(each.storePath) === `ApplicationManifest.${typeVersion}.xml`,
    );
    registered.push({
      type,
      stored,
      manifestSizes: file === undefined ? sizesOf(manifest) : [file.fileSize],
    });
  }
  return (folder) => {
    const manifest = fileIn(folder, "ApplicationManifest.xml");
    if (manifest === undefined) return { kind: "no-manifest" };
    const found = registered.find((each) => mayBe(folder, manifest, each));
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

/** The text as UTF-8, with and without a byte order mark, and as UTF-16. */
function sizesOf(text: string): readonly number[] {
  const size = Buffer.byteLength(text);
  return [size, size + 3, 2 * text.length, 2 * text.length + 2];
}

/** Whether nothing that can be compared differs. */
function mayBe(folder: TreeFolder, manifest: StoreFile, { manifestSizes, stored }: Registered): boolean {
  if (!manifestSizes.includes(manifest.fileSize)) return false;
  if (stored === undefined) return true;
  return folder.folders.every((service) => {
    const name = nameOf(service.storePath);
    const serviceManifest = fileIn(service, "ServiceManifest.xml");
    // A folder that belongs to no service.
    if (serviceManifest === undefined) return true;
    return (
      hasSameSize(serviceManifest, startingWith(stored.files, `${name}.Manifest.`)) &&
      service.files
        .filter(({ storePath }) => /\.zip$/i.test(storePath))
        .every((zip) => {
          const part = nameOf(zip.storePath).replace(/\.zip$/i, "");
          const zips = startingWith(stored.files, `${name}.${part}.`);
          return hasSameSize(
            zip,
            zips.filter(({ storePath }) => /\.zip$/i.test(storePath)),
          );
        }) &&
      service.folders.every((part) => {
        const parts = startingWith(stored.folders, `${name}.${nameOf(part.storePath)}.`);
        return parts.length === 0 || parts.some((each) => sizesBelow(each) === sizesBelow(part));
      })
    );
  });
}

function fileIn({ files }: TreeFolder, name: string): StoreFile | undefined {
  return files.find(({ storePath }) => nameOf(storePath).toLowerCase() === name.toLowerCase());
}

function startingWith<Entry extends { readonly storePath: string }>(
  entries: readonly Entry[],
  start: string,
): readonly Entry[] {
  return entries.filter(({ storePath }) => nameOf(storePath).toLowerCase().startsWith(start.toLowerCase()));
}

/** Also true if there is nothing to compare with. */
function hasSameSize({ fileSize }: StoreFile, stored: readonly StoreFile[]): boolean {
  return stored.length === 0 || stored.some((each) => each.fileSize === fileSize);
}

/** The paths and sizes of all files below a folder, as text that can be compared. */
function sizesBelow(folder: TreeFolder): string {
  return filesBelow(folder)
    .filter((file) => !isMark(file))
    .map(({ storePath, fileSize }) => `${storePath.slice(folder.storePath.length).toLowerCase()} ${fileSize}`)
    .toSorted()
    .join("\n");
}
