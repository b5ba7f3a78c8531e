import { createHash } from "node:crypto";
import type { StoredFile } from "../store/catalog.js";
import type { Content } from "../store/content.js";
import { openForReading } from "../store/file-bytes.js";
import type { PendingWrites } from "../store/pending-writes.js";
import type { Staging } from "../store/staging.js";
import type { StorePath } from "../store/store-path.js";
import { FabricError } from "../wire/fabric-error.js";
import {
  type ApplicationManifest,
  invalid,
  parseApplicationManifest,
  parseServiceManifest,
  rewriteManifest,
  type ServiceManifest,
} from "./manifests.js";
import type { DefaultService, TypeContent } from "./state.js";

/** The parts of the image store that hold packages. */
export interface PackageStore {
  readonly content: Content;
  readonly staging: Staging;
  readonly pendingWrites: PendingWrites;
}

/** A file of a package. */
export interface PackageFile {
  /** The path in the package, with `/`. */
  readonly path: string;
  readonly size: number;
  /** The bytes, in pieces. */
  read(): AsyncIterable<Uint8Array>;
}

/** The files of a package: a folder of the image store, or an archive. */
export interface PackageFiles {
  find(path: string): PackageFile | undefined;
  /** All files in a folder, sorted. */
  below(folder: string): readonly PackageFile[];
}

/** A package whose application manifest was read. */
export interface OpenPackage {
  readonly files: PackageFiles;
  readonly text: string;
  readonly manifest: ApplicationManifest;
}

const manifestName = "ApplicationManifest.xml";

/** The files in a folder of the image store. */
function filesInStore({ content }: PackageStore, folder: string): PackageFiles {
  const root = content.parsePath(folder);
  const toFile = (stored: StoredFile): PackageFile => ({
    path: stored.path.slice(root.display.length + 1).replaceAll("\\", "/"),
    size: stored.size,
    read: () => openForReading(content.resolve(content.parsePath(stored.path))),
  });
  const pathOf = (path: string) => content.parsePath(`${root.display}/${path}`);
  return {
    find: (path) => {
      const stored = content.find(pathOf(path));
      return stored && toFile(stored);
    },
    below: (path) => content.below(pathOf(path)).map(toFile),
  };
}

/**
 * Opens a package in the image store, which the cluster does before it accepts a request (deploy-flow §2 "Provision").
 * @throws FabricError
 */
export async function openStoredPackage(store: PackageStore, sentPath: string): Promise<OpenPackage> {
  const path = sentPath.replace(/\\+$/, "");
  const folder = store.content.parsePath(path);
  if (store.content.find(store.content.markOf(folder)) === undefined) {
    throw new FabricError("FABRIC_E_DIRECTORY_NOT_FOUND", `The image store has no complete folder ${path}.`);
  }
  return readManifest(filesInStore(store, path), path);
}

/** Reads the application manifest of a package. @param name The package, for errors. @throws FabricError */
export async function readManifest(files: PackageFiles, name: string): Promise<OpenPackage> {
  const file = files.find(manifestName);
  if (file === undefined) {
    throw new FabricError("FABRIC_E_FILE_NOT_FOUND", `The file ${manifestName} was not found in ${name}.`);
  }
  const text = await readText(file);
  return { files, text, manifest: parseApplicationManifest(text, manifestName) };
}

interface Copy {
  readonly source: PackageFile;
  /** The path below the folder of the type in `Store`. */
  readonly target: string;
}

/** What registering a package puts below `Store`. */
export interface BuiltPackage {
  readonly content: TypeContent;
  readonly copies: readonly Copy[];
}

/** Native libraries of the runtime, which the cluster leaves out (ManifestValidatorUtility.cs, FabricAssemblies). */
const runtimeLibrary =
  /(^|\/)(fabric(client|common|runtime|resources|transport|imagestore|zip|servicecommunication)|ktlevents|leaselayer|reliablecollection(runtime|service))\.dll$/i;

/** Checks every manifest of a package, and finds what to copy (deploy-flow §2 "Provision", Build). @throws FabricError */
export async function buildPackage(
  store: PackageStore,
  { files, text, manifest }: OpenPackage,
): Promise<BuiltPackage> {
  const copies: Copy[] = [];
  const parts: Record<string, string> = {};
  const services: DefaultService[] = [];
  const kept = filesInStore(store, `Store/${manifest.typeName}`);
  /** Adds files as one part with a checksum. Their paths in it begin after `folder`. */
  const take = async (part: string, sources: readonly PackageFile[], folder: string) => {
    const checksum = await checksumOf(sources, folder);
    copies.push(
      ...sources.map((source) => ({ source, target: `${part}${source.path.slice(folder.length)}` })),
    );
    const file = checksumFile(part);
    copies.push({ source: textFile(file, `${checksum}\r\n`), target: file });
    parts[part] = checksum;
  };
  /** Adds a part that the store has from an earlier version. */
  const keep = async (part: string, sources: readonly PackageFile[]) => {
    const file = kept.find(checksumFile(part));
    parts[part] = file === undefined ? await checksumOf(sources, part) : (await readText(file)).trim();
  };
  const stored = rewriteManifest(text);
  const target = manifestPart(manifest.typeVersion);
  copies.push({ source: textFile(manifestName, `\ufeff${stored}`), target });
  for (const reference of manifest.imports) {
    const { name, version } = reference;
    const part = `${name}.Manifest.${version}.xml`;
    const path = `${name}/ServiceManifest.xml`;
    const sent = files.find(path);
    const file = sent ?? kept.find(part);
    if (file === undefined) throw invalid(`The service manifest of ${name} was not found.`);
    const serviceText = await readText(file);
    const serviceManifest = parseServiceManifest(serviceText, path);
    checkReference(serviceManifest, reference);
    if (sent === undefined) await keep(part, [file]);
    else {
      await take(part, [sent], path);
      // The checksum is that of the manifest in the package.
      copies.splice(-2, 1, { source: textFile(path, `\ufeff${rewriteManifest(serviceText)}`), target: part });
    }
    for (const each of serviceManifest.packages) {
      const packagePart = `${name}.${each.name}.${each.version}`;
      const folder = `${name}/${each.name}`;
      const zip = files.find(`${folder}.zip`);
      const inFolder = files.below(folder).filter((sentFile) => !runtimeLibrary.test(sentFile.path));
      const before = kept.below(packagePart);
      const zipBefore = kept.find(`${packagePart}.zip`);
      // Like the cluster, prefers the archive.
      if (zip !== undefined) await take(`${packagePart}.zip`, [zip], zip.path);
      else if (inFolder.length > 0)
        await take(packagePart, [...inFolder, ...settingsOf(each, folder, inFolder)], folder);
      else if (before.length > 0) await keep(packagePart, before);
      else if (zipBefore !== undefined) await keep(`${packagePart}.zip`, [zipBefore]);
      else if (!each.isContainer) throw invalid(`The package ${each.name} of ${name} was not found.`);
    }
    for (const service of manifest.services) {
      const type = serviceManifest.serviceTypes.get(service.typeName);
      if (type !== undefined) services.push({ ...service, ...type, manifestVersion: version });
    }
  }
  return { content: { manifest: stored, parameters: manifest.parameters, services, parts }, copies };
}

/** The file that the cluster adds to a configuration without settings. */
function settingsOf(
  { kind }: { readonly kind: string },
  folder: string,
  files: readonly PackageFile[],
): readonly PackageFile[] {
  const path = `${folder}/Settings.xml`;
  if (kind !== "ConfigPackage" || files.some((file) => file.path.toLowerCase() === path.toLowerCase()))
    return [];
  return [textFile(path, rewriteManifest("<Settings/>"))];
}

async function checksumOf(sources: readonly PackageFile[], folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const source of sources) {
    hash.update(`${source.path.slice(folder.length)}\0${source.size}\0`);
    for await (const piece of source.read()) hash.update(piece);
  }
  return hash.digest("hex").toUpperCase();
}

function textFile(path: string, text: string): PackageFile {
  const bytes = Buffer.from(text);
  const read = async function* () {
    yield bytes;
  };
  return { path, size: bytes.length, read };
}

/** The file with the checksum of a part. That of an archive has the name of its folder. */
function checksumFile(part: string): string {
  return `${part.replace(/\.zip$/, "")}.checksum`;
}

function manifestPart(version: string): string {
  return `ApplicationManifest.${version}.xml`;
}

/** The files and folders below `Store/{type}` that a version consists of. */
export function storedParts(version: string, { parts }: TypeContent): readonly string[] {
  return [manifestPart(version), ...Object.keys(parts).flatMap((part) => [part, checksumFile(part)])];
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
    const file = await staging.receive(source.read());
    await staging.handOver(file, () =>
      pendingWrites.runInTurn(path, "write", { timeoutMs: 60_000 }, () => content.replace(path, file)),
    );
  }
}

/** Removes parts of a type below `Store`. */
export async function removeFromStore(
  store: PackageStore,
  typeName: string,
  parts: readonly string[],
): Promise<void> {
  for (const part of parts) await removePath(store, inStore(store, typeName, part));
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

/** No manifest is this large. */
const maxManifestBytes = 64 * 1024 * 1024;

async function readText(file: PackageFile): Promise<string> {
  if (file.size > maxManifestBytes) throw invalid(`${file.path} is too large for a manifest.`);
  const pieces: Uint8Array[] = [];
  for await (const piece of file.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
