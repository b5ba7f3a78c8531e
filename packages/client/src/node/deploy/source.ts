import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import { untilAborted } from "../../async/clock.js";
import { InvalidInputError } from "../../errors/errors.js";
import { lintPackage } from "../../package/lint.js";
import {
  applicationManifest,
  attribute,
  childrenOf,
  type LintedPackage,
  type LintFinding,
  localName,
  PackageNames,
  quote,
} from "../../package/manifest.js";
import type { PackageContent } from "../../package/package-options.js";
import { openArchive } from "../archive.js";
import { readManifests } from "../lint.js";
import { walkDirectory } from "../package-files.js";
import { fileProblem } from "./parameters-file.js";
import type { DeploySettings } from "./settings.js";

/** The package to deploy. Disposing it closes an archive. */
export interface DeploySource extends AsyncDisposable {
  /** Undefined if the cluster downloads the package. */
  readonly content: PackageContent | undefined;
  /** Where the cluster downloads it. */
  readonly url: string | undefined;
}

/** Opens a directory, an archive or a content. Throws InvalidInputError. */
export async function openSource(
  source: string | URL | PackageContent,
  signal: AbortSignal,
): Promise<DeploySource> {
  const nothing = { [Symbol.asyncDispose]: async () => {} };
  if (typeof source !== "string" && !(source instanceof URL)) {
    if (!Array.isArray(source?.files))
      throw new InvalidInputError("source", "must be a path, a URL, or a package content with files");
    return { content: source, url: undefined, ...nothing };
  }
  const isPath = typeof source === "string" && !/^(https?|file):\/\//i.test(source);
  if (!isPath && /^https?:/i.test(String(source)))
    return { content: undefined, url: String(source), ...nothing };
  const path = isPath ? source : pathOf(source);
  const stats = await stat(path).catch((cause: unknown) => {
    throw new InvalidInputError("source", `cannot be read: ${fileProblem(path, cause)}`, { cause });
  });
  if (stats.isFile()) {
    const archive = await openArchive(path, { abortSignal: signal });
    return {
      content: archive,
      url: undefined,
      [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
    };
  }
  const content = await untilAborted(signal, walkDirectory(path, { abortSignal: signal }));
  return { content, url: undefined, ...nothing };
}

function pathOf(url: string | URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new InvalidInputError("source", "must be a path, or a file:, https: or http: URL", { cause });
  }
}

/** A code, configuration or data package of a service, which the cluster stores under its version. */
export interface PackagePart {
  /** The element of the service manifest, such as `CodePackage`. */
  readonly element: string;
  readonly name: string;
  readonly version: string;
  readonly service: string;
  /** The path of the service manifest in the package. */
  readonly manifest: string;
  /** The sizes of its files, or of its archive, by their path in the package. */
  readonly files: ReadonlyMap<string, number>;
  /** The path of its folder, with `/` at the end, or of its archive. */
  readonly path: string;
}

/** The parts of a package. Leaves out those without files, which a cluster may have from an earlier version. */
function partsOf(
  { files }: PackageContent,
  linted: LintedPackage,
  application: XmlElement,
): readonly PackagePart[] {
  const names = new PackageNames(linted);
  const references = childrenOf(application, "ServiceManifestImport").flatMap((each) =>
    childrenOf(each, "ServiceManifestRef"),
  );
  return references.flatMap((reference) => {
    const service = attribute(reference, "ServiceManifestName") ?? "";
    const manifest = names.find(`${service}/ServiceManifest.xml`);
    const text = manifest === undefined ? undefined : linted.texts.get(manifest);
    if (manifest === undefined || text === undefined) return [];
    const root = rootOf(text);
    const elements = ["CodePackage", "ConfigPackage", "DataPackage"].flatMap((name) =>
      childrenOf(root, name),
    );
    return elements.flatMap((element): PackagePart[] => {
      const name = attribute(element, "Name") ?? "";
      const version = attribute(element, "Version") ?? "";
      const folder = `${service}/${name}`;
      // Clusters prefer the archive.
      const archive = names.find(`${folder}.zip`);
      const path = archive ?? `${names.find(folder) ?? folder}/`;
      const own = files.filter(
        ({ relativePath }) => relativePath === archive || relativePath.startsWith(path),
      );
      if (own.length === 0) return [];
      const sizes = new Map(own.map(({ relativePath, size }) => [relativePath, size]));
      return [{ element: localName(element), name, version, service, manifest, files: sizes, path }];
    });
  });
}

/** What the manifest of a package says. */
export interface PackageFacts {
  readonly typeName: string;
  readonly typeVersion: string;
  /** The text of the application manifest. Undefined if the cluster downloads the package. */
  readonly manifest: string | undefined;
  /** The parameters with their default values. Undefined if the cluster downloads the package. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
  readonly parts: readonly PackagePart[];
  readonly findings: readonly LintFinding[];
}

/**
 * Reads and checks the manifests of a package. `isValid` is false if a cluster would reject them. Throws InvalidInputError for options
 * that do not fit the package.
 */
export async function readFacts(
  { content, url }: DeploySource,
  options: Pick<DeploySettings, "typeName" | "typeVersion" | "parameters">,
  signal: AbortSignal,
): Promise<{ readonly facts: PackageFacts; readonly isValid: boolean }> {
  const { typeName, typeVersion } = options;
  if (content === undefined) {
    checkDownload(url ?? "");
    if (typeName === undefined) throw required("typeName");
    if (typeVersion === undefined) throw required("typeVersion");
    const facts = {
      typeName,
      typeVersion,
      manifest: undefined,
      parameters: undefined,
      parts: [],
      findings: [],
    };
    return { facts, isValid: true };
  }
  const linted = await readManifests(content, signal);
  const findings = lintPackage(linted);
  const unknown = { typeName: "", typeVersion: "", manifest: undefined, parameters: undefined, parts: [] };
  if (findings.some(({ severity }) => severity === "error"))
    return { facts: { ...unknown, findings }, isValid: false };
  const manifest = linted.texts.get(new PackageNames(linted).find(applicationManifest) ?? "") ?? "";
  const root = rootOf(manifest);
  const parameters = Object.fromEntries(
    childrenOf(root, "Parameters")
      .flatMap((each) => childrenOf(each, "Parameter"))
      .map((each) => [attribute(each, "Name") ?? "", each.attributes["DefaultValue"] ?? ""]),
  );
  const facts = {
    typeName: attribute(root, "ApplicationTypeName") ?? "",
    typeVersion: attribute(root, "ApplicationTypeVersion") ?? "",
    ...{ manifest, parameters, findings, parts: partsOf(content, linted, root) },
  };
  for (const name of ["typeName", "typeVersion"] as const) {
    const given = options[name];
    if (given !== undefined && given !== facts[name])
      throw new InvalidInputError(name, `is ${quote(given)}, but the manifest has ${quote(facts[name])}`);
  }
  checkParameters(options.parameters, parameters);
  return { facts, isValid: true };
}

function required(option: string): InvalidInputError {
  return new InvalidInputError(option, "is required if the source is a URL");
}

function checkDownload(url: string): void {
  if (!URL.canParse(url) || !/\.sfpkg$/i.test(new URL(url).pathname))
    throw new InvalidInputError("source", "must be a URL whose path ends with .sfpkg");
}

function checkParameters(
  given: Readonly<Record<string, string>> | undefined,
  declared: Readonly<Record<string, string>>,
): void {
  const unknown = Object.keys(given ?? {}).find((name) => !Object.hasOwn(declared, name));
  if (unknown === undefined) return;
  const names = Object.keys(declared);
  const known = names.length === 0 ? "It has no parameters" : `It has ${names.join(", ")}`;
  throw new InvalidInputError(
    `parameters.${unknown}`,
    `is not a parameter of the application manifest. ${known}`,
  );
}

/** The name of an application of this type, as Visual Studio chooses it. */
export function defaultApplicationName(typeName: string): string {
  return `fabric:/${typeName.replace(/(?<=.)Type$/, "")}`;
}

/** The store path of a package, the same on every machine, and a different one for every version. */
export function defaultDestination({
  typeName,
  typeVersion,
}: Pick<PackageFacts, "typeName" | "typeVersion">): string {
  return `${typeName}_${typeVersion}`;
}

/**
 * Whether two application manifests say the same. A cluster rewrites the manifest that it provisions: it sorts
 * lists, and leaves out comments and attributes with the default value of the schema. So the order of elements does not count, either.
 */
export function isSameManifest(one: string, other: string): boolean {
  return canonical(rootOf(one)) === canonical(rootOf(other));
}

function rootOf(text: string): XmlElement {
  const { root } = parseXml(text.replace(/^\uFEFF/, ""));
  if (root === null) throw new Error("The manifest is empty.");
  return root;
}

function canonical(element: XmlElement): string {
  const attributes = Object.entries(element.attributes)
    .filter(([name, value]) => !isIgnored(name, value))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const children = element.children.flatMap((child) =>
    child instanceof XmlElement ? [canonical(child)] : [],
  );
  const texts = element.children.flatMap((child) => (child instanceof XmlText ? [child.text] : []));
  return JSON.stringify([localName(element), attributes, texts.join("").trim(), children.sort()]);
}

/** `DefaultValue` and `Value` are values of parameters, which a cluster never leaves out. */
function isIgnored(name: string, value: string): boolean {
  if (/^(xmlns|xsi)(:|$)/.test(name)) return true;
  // Where the default is `true`, `false` is a difference.
  const defaults = schemaDefaults.get(name) ?? (/Value$/.test(name) ? [] : ["", "0", "false"]);
  return defaults.includes(value);
}

/** The default values of attributes in ServiceFabricServiceModel.xsd, unless they are empty, `0` or `false`. */
const schemaDefaults: ReadonlyMap<string, readonly string[]> = new Map([
  ["AccountType", ["LocalUser"]],
  ["Context", ["application"]],
  ["EntryPointType", ["Main"]],
  ["FileMaxSizeInKb", ["20480"]],
  ["FileRetentionCount", ["2"]],
  ["GrantRights", ["Read"]],
  ["IncludeDockerHealthStatusInSystemHealthReport", ["true"]],
  ["InstanceCount", ["1"]],
  ["IsEnabled", ["true"]],
  ["IsolationPolicy", ["DedicatedProcess"]],
  ["MinReplicaSetSize", ["1"]],
  ["Protocol", ["tcp"]],
  ["ResourceType", ["Endpoint"]],
  ["Scope", ["None"]],
  ["ServicePackageActivationMode", ["SharedProcess"]],
  ["TargetReplicaSetSize", ["1"]],
  ["Type", ["Internal", "PlainText"]],
  ["X509FindType", ["FindByThumbprint"]],
  ["X509StoreLocation", ["LocalMachine"]],
  ["X509StoreName", ["My"]],
]);
