import type { XmlElement } from "@rgrove/parse-xml";
import {
  applicationManifest,
  attribute,
  caseText,
  childrenOf,
  type LintedPackage,
  type LintFinding,
  localName,
  type Manifest,
  PackageNames,
  quote,
  readManifest,
  serviceManifest,
} from "./manifest.js";

/** An older package that a cluster knows, such as the base of an upload. */
export interface LintBase extends LintedPackage {
  /** The paths of all files that were added, edited or deleted since. */
  readonly changed: readonly string[];
}

/**
 * Checks the manifests of an application package as a cluster does when it provisions the package, and as far as names, versions
 * and folders show. Findings are in the order of the manifests.
 */
export function lintPackage(linted: LintedPackage, base?: LintBase): readonly LintFinding[] {
  const findings: LintFinding[] = [];
  const names = new PackageNames(linted);
  const file = names.find(applicationManifest);
  if (file === undefined) {
    const message = `The package has no ${applicationManifest}. Use the directory that contains this file.`;
    return [
      {
        code: "no-application-manifest",
        severity: "error",
        file: applicationManifest,
        line: undefined,
        message,
      },
    ];
  }
  const manifest = readManifest(linted, file, "ApplicationManifest", findings);
  if (manifest === undefined) return findings;
  if (file !== applicationManifest)
    manifest.warn("name-case", manifest.root, caseText(file, applicationManifest));
  manifest.require(manifest.root, "ApplicationTypeName");
  manifest.require(manifest.root, "ApplicationTypeVersion");
  const services: Manifest[] = [];
  const imported = new Set<string>();
  for (const element of childrenOf(manifest.root, "ServiceManifestImport")) {
    const [reference] = childrenOf(element, "ServiceManifestRef");
    if (reference === undefined) {
      manifest.report(
        "missing-attribute",
        element,
        "Add a ServiceManifestRef to this ServiceManifestImport.",
      );
      continue;
    }
    const name = manifest.require(reference, "ServiceManifestName");
    const version = manifest.require(reference, "ServiceManifestVersion");
    if (name === undefined) continue;
    if (imported.has(name)) {
      manifest.report(
        "duplicate-name",
        reference,
        `The service ${quote(name)} is imported twice. Remove one import.`,
      );
      continue;
    }
    imported.add(name);
    const service = lintService(names, manifest, reference, { name, version });
    if (service !== undefined) services.push(service);
  }
  for (const path of linted.files) {
    const [folder = "", inside = "", ...deeper] = path.split("/");
    if (deeper.length > 0 || inside.toLowerCase() !== serviceManifest.toLowerCase()) continue;
    if ([...imported].some((name) => name.toLowerCase() === folder.toLowerCase())) continue;
    const message = `${applicationManifest} does not import the service in the folder ${quote(folder)}. Import it, or remove the folder.`;
    findings.push({
      code: "service-not-imported",
      severity: "warning",
      file: path,
      line: undefined,
      message,
    });
  }
  if (base !== undefined) lintVersions(names, manifest, services, base);
  return findings;
}

/** Checks one import and the service manifest. Returns the manifest if it can be read. */
function lintService(
  names: PackageNames,
  application: Manifest,
  reference: XmlElement,
  expected: { readonly name: string; readonly version: string | undefined },
): Manifest | undefined {
  const path = `${expected.name}/${serviceManifest}`;
  const found = names.find(path);
  if (found === undefined) {
    application.warn(
      "missing-service-manifest",
      reference,
      `The package has no ${path}. That works only if the cluster already has this version of the service.`,
    );
    return undefined;
  }
  const manifest = readManifest(names.linted, found, "ServiceManifest", application.findings);
  if (manifest === undefined) return undefined;
  const { root } = manifest;
  if (found !== path) application.warn("name-case", reference, caseText(found, path));
  const name = manifest.require(root, "Name");
  const version = manifest.require(root, "Version");
  if (name !== undefined && name !== expected.name) {
    const message = `The name is ${quote(name)}, but ${application.file} imports ${quote(expected.name)}. Use the same name.`;
    manifest.report("service-name-mismatch", root, message);
  }
  if (version !== undefined && expected.version !== undefined && version !== expected.version) {
    const message = `The version is ${quote(version)}, but ${application.file} imports version ${quote(expected.version)}. Use the same version.`;
    manifest.report("service-version-mismatch", root, message);
  }
  const known = new Set<string>();
  for (const element of packagesOf(manifest)) {
    const packageName = manifest.require(element, "Name");
    manifest.require(element, "Version");
    if (packageName === undefined) continue;
    const key = `${localName(element)} ${packageName.toLowerCase()}`;
    if (known.has(key)) {
      const message = `The service has two elements ${localName(element)} with the name ${quote(packageName)}. Rename one.`;
      manifest.report("duplicate-name", element, message);
      continue;
    }
    known.add(key);
    const folder = `${manifest.folder}/${packageName}`;
    const present = names.find(folder) ?? names.find(`${folder}.zip`);
    if (present === undefined) {
      const message = `The package has neither ${folder} nor ${folder}.zip. That works only if the cluster already has this version of the ${localName(element)}.`;
      manifest.warn("missing-package", element, message);
    } else if (present !== folder && present !== `${folder}.zip`) {
      manifest.warn("name-case", element, caseText(present, folder));
    }
  }
  return manifest;
}

/** Clusters refuse changed content under a version that they already have, or do not notice it. */
function lintVersions(
  names: PackageNames,
  application: Manifest,
  services: readonly Manifest[],
  base: LintBase,
): void {
  const oldNames = new PackageNames(base);
  const old = readManifest(base, oldNames.find(applicationManifest) ?? "", "ApplicationManifest", []);
  const { root } = application;
  if (
    old === undefined ||
    attribute(old.root, "ApplicationTypeName") !== attribute(root, "ApplicationTypeName")
  )
    return;
  const isChanged = (path: string) => base.changed.some((one) => one === path || one.startsWith(`${path}/`));
  const report = (manifest: Manifest, element: XmlElement, name: string, what: string) => {
    const version = attribute(element, name) ?? "";
    manifest.report("unchanged-version", element, unchangedVersionText(what, version, name));
  };
  for (const manifest of services) {
    const path = oldNames.find(manifest.file);
    const before = path === undefined ? undefined : readManifest(base, path, "ServiceManifest", []);
    if (before === undefined) continue;
    for (const element of packagesOf(manifest)) {
      const name = attribute(element, "Name") ?? "";
      const same = packagesOf(before).find(
        (one) => localName(one) === localName(element) && attribute(one, "Name") === name,
      );
      if (same === undefined || attribute(same, "Version") !== attribute(element, "Version")) continue;
      // A folder cannot be compared with its zip file.
      const paths = [`${manifest.folder}/${name}`, `${manifest.folder}/${name}.zip`];
      const changed = paths.filter(
        (one) => names.find(one) !== undefined && oldNames.find(one) !== undefined && isChanged(one),
      );
      if (changed.length > 0)
        report(manifest, element, "Version", `The ${localName(element)} ${quote(name)}`);
    }
    if (
      isChanged(manifest.file) &&
      attribute(before.root, "Version") === attribute(manifest.root, "Version")
    ) {
      report(manifest, manifest.root, "Version", "This service manifest");
    }
  }
  const isSameVersion =
    attribute(old.root, "ApplicationTypeVersion") === attribute(root, "ApplicationTypeVersion");
  if (isSameVersion && base.changed.length > 0)
    report(application, root, "ApplicationTypeVersion", "The application");
}

export function unchangedVersionText(what: string, version: string, name: string): string {
  return `${what} changed, but its version is still ${quote(version)}. Raise ${name}, and the versions that contain it.`;
}

function packagesOf({ root }: Manifest): readonly XmlElement[] {
  return ["CodePackage", "ConfigPackage", "DataPackage"].flatMap((name) => childrenOf(root, name));
}
