import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { StoredFile } from "../store/catalog.js";
import type { Content } from "../store/content.js";
import type { PendingWrites } from "../store/pending-writes.js";
import type { Staging } from "../store/staging.js";
import type { StorePath } from "../store/store-path.js";
import { FabricError } from "../wire/fabric-error.js";
import {
  type ApplicationManifest,
  invalid,
  parseApplicationManifest,
  parseServiceManifest,
  type ServiceManifest,
} from "./manifests.js";
import type { DefaultService, TypeContent } from "./state.js";

/** The parts of the image store that hold packages. */
export interface PackageStore {
  readonly content: Content;
  readonly staging: Staging;
  readonly pendingWrites: PendingWrites;
}

/** A package whose application manifest was read. */
export interface OpenPackage {
  readonly path: string;
  readonly text: string;
  readonly manifest: ApplicationManifest;
}

/**
 * Reads the application manifest of a package, which the cluster does before it accepts a request (deploy-flow §2
 * "Provision"). @throws FabricError
 */
export async function openPackage(store: PackageStore, sentPath: string): Promise<OpenPackage> {
  const path = sentPath.replace(/\\+$/, "");
  const folder = store.content.parsePath(path);
  if (store.content.find(store.content.markOf(folder)) === undefined) {
    throw new FabricError("FABRIC_E_DIRECTORY_NOT_FOUND", `The image store has no complete folder ${path}.`);
  }
  const file = store.content.parsePath(`${path}/ApplicationManifest.xml`);
  const text = await readText(store, file);
  if (text === undefined) {
    throw new FabricError(
      "FABRIC_E_FILE_NOT_FOUND",
      `The file ApplicationManifest.xml was not found in ${path}.`,
    );
  }
  return { path, text, manifest: parseApplicationManifest(text, "ApplicationManifest.xml") };
}

interface Copy {
  readonly source: StoredFile;
  /** The path below the folder of the type in `Store`. */
  readonly target: string;
}

/** What registering a package puts below `Store`. */
export interface BuiltPackage {
  readonly content: TypeContent;
  readonly copies: readonly Copy[];
}

/** Checks every manifest of a package, and finds what to copy (deploy-flow §2 "Provision", Build). @throws FabricError */
export async function buildPackage(
  store: PackageStore,
  { path, text, manifest }: OpenPackage,
): Promise<BuiltPackage> {
  const copies: Copy[] = [];
  const parts: Record<string, string> = {};
  const services: DefaultService[] = [];
  const take = async (part: string, files: readonly StoredFile[], folder: string | undefined) => {
    const hash = createHash("sha256");
    for (const source of files) {
      const inside = folder === undefined ? "" : source.path.slice(folder.length).replaceAll("\\", "/");
      hash.update(`${inside}\0${source.size}\0`).update(await readBytes(store, source));
      copies.push({ source, target: `${part}${inside}` });
    }
    parts[part] = hash.digest("hex");
  };
  const manifestFile = store.content.find(store.content.parsePath(`${path}/ApplicationManifest.xml`));
  const { typeName, typeVersion } = manifest;
  if (manifestFile !== undefined)
    copies.push({ source: manifestFile, target: `ApplicationManifest.${typeVersion}.xml` });
  for (const reference of manifest.imports) {
    const { name, version } = reference;
    const part = `${name}.Manifest.${version}.xml`;
    const sent = store.content.parsePath(`${path}/${name}/ServiceManifest.xml`);
    // A package may leave out what the store has from an earlier version.
    const file = store.content.find(sent) ?? store.content.find(inStore(store, typeName, part));
    if (file === undefined) throw invalid(`The service manifest of ${name} was not found.`);
    const serviceManifest = parseServiceManifest(
      (await readBytes(store, file)).toString("utf8"),
      `${name}/ServiceManifest.xml`,
    );
    checkReference(serviceManifest, reference);
    await take(part, [file], undefined);
    for (const each of serviceManifest.packages) {
      const packagePart = `${name}.${each.name}.${each.version}`;
      const folder = store.content.parsePath(`${path}/${name}/${each.name}`);
      const files = store.content.below(folder);
      const zip = store.content.find(store.content.parsePath(`${path}/${name}/${each.name}.zip`));
      const kept = inStore(store, typeName, packagePart);
      if (files.length > 0) await take(packagePart, files, folder.display);
      else if (zip !== undefined) await take(`${packagePart}.zip`, [zip], undefined);
      else if (store.content.below(kept).length > 0)
        await take(packagePart, store.content.below(kept), kept.display);
      else throw invalid(`The package ${each.name} of ${name} was not found.`);
    }
    for (const service of manifest.services) {
      const type = serviceManifest.serviceTypes.get(service.typeName);
      if (type !== undefined) services.push({ ...service, ...type, manifestVersion: version });
    }
  }
  return { content: { manifest: text, parameters: manifest.parameters, services, parts }, copies };
}

function checkReference(
  found: ServiceManifest,
  wanted: { readonly name: string; readonly version: string },
): void {
  for (const member of ["name", "version"] as const) {
    if (found[member] !== wanted[member]) {
      throw invalid(
        `The ${member} ${found[member]} in the service manifest of ${wanted.name} is not ${wanted[member]}, which ApplicationManifest.xml refers to.`,
      );
    }
  }
}

function inStore({ content }: PackageStore, typeName: string, part: string): StorePath {
  return content.parsePath(`Store/${typeName}/${part}`);
}

/** Copies a package below `Store`. */
export async function storePackage(
  store: PackageStore,
  typeName: string,
  copies: readonly Copy[],
): Promise<void> {
  const { content, staging, pendingWrites } = store;
  for (const { source, target } of copies) {
    const path = inStore(store, typeName, target);
    if (content.find(path) !== undefined) continue;
    const file = await staging.duplicate(content.resolve(content.parsePath(source.path)));
    await staging.handOver(file, () =>
      pendingWrites.runInTurn(path, "write", { timeoutMs: 60_000 }, () => content.replace(path, file)),
    );
  }
}

/** Removes the files of a version below `Store`, except those that another version of the type uses. */
export async function removeFromStore(
  store: PackageStore,
  type: { readonly name: string; readonly version: string; readonly parts: readonly string[] },
  partsInUse: ReadonlySet<string>,
): Promise<void> {
  const parts = type.parts.filter((part) => !partsInUse.has(part));
  for (const part of [`ApplicationManifest.${type.version}.xml`, ...parts]) {
    await removePath(store, inStore(store, type.name, part));
  }
}

/** Removes a file or a folder. */
export async function removePath(
  { content, staging, pendingWrites }: PackageStore,
  path: StorePath,
): Promise<void> {
  await pendingWrites.runInTurn(path, "delete", { timeoutMs: 60_000 }, () =>
    content.remove(path, () => staging.newName()),
  );
}

async function readText(store: PackageStore, path: StorePath): Promise<string | undefined> {
  const file = store.content.find(path);
  return file === undefined ? undefined : (await readBytes(store, file)).toString("utf8");
}

function readBytes({ content }: PackageStore, file: StoredFile): Promise<Buffer> {
  return readFile(content.resolve(content.parsePath(file.path)));
}
