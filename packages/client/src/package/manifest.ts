import { parseXml, XmlElement, XmlError } from "@rgrove/parse-xml";

/** What the lint knows about a package. */
export interface LintedPackage {
  /** The paths of all files from the package, with `/` as separator. */
  readonly files: readonly string[];
  /** The paths of folders. Only empty folders have to be listed. */
  readonly folders?: readonly string[];
  /** The text of every manifest, by its path; see `isManifest`. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * What is wrong with a package. Every code is stable:
 * - `no-application-manifest`: the package has no `ApplicationManifest.xml`;
 * - `malformed-manifest`: a manifest is not well-formed XML;
 * - `wrong-root-element`: a manifest has another root element than its name promises;
 * - `missing-attribute`: a name, a type or a version is missing;
 * - `missing-service-manifest`: an imported service has no `ServiceManifest.xml` in the folder of its name;
 * - `service-name-mismatch`, `service-version-mismatch`: a service manifest has another name or version than its import;
 * - `duplicate-name`: two imports, or two code, config or data packages of a service, have the same name;
 * - `missing-package`: a code, config or data package has neither a folder nor a zip file of its name;
 * - `name-case`: a file or folder differs from its name only in case, so that clusters on Linux do not find it;
 * - `service-not-imported`: a folder has a service manifest that the application manifest does not import;
 * - `unchanged-version`: content changed, but its version is the same as in the older package.
 */
export type LintCode =
  | "no-application-manifest"
  | "malformed-manifest"
  | "wrong-root-element"
  | "missing-attribute"
  | "missing-service-manifest"
  | "service-name-mismatch"
  | "service-version-mismatch"
  | "duplicate-name"
  | "missing-package"
  | "name-case"
  | "service-not-imported"
  | "unchanged-version";

export interface LintFinding {
  readonly code: LintCode;
  /** An `error` stops every cluster. A `warning` may be intended, such as a part of a package that a cluster already has. */
  readonly severity: "error" | "warning";
  /** The path of the manifest from the package. */
  readonly file: string;
  /** From 1. Undefined if the finding is about the whole file. */
  readonly line: number | undefined;
  /** A sentence that says what to change. */
  readonly message: string;
}

export const applicationManifest = "ApplicationManifest.xml";
export const serviceManifest = "ServiceManifest.xml";

/** Whether a path is that of a manifest: of the application, or of a service in a folder of the package. */
export function isManifest(relativePath: string): boolean {
  return /^(applicationmanifest\.xml|[^/]+\/servicemanifest\.xml)$/i.test(relativePath);
}

/** Finds files and folders by name, also in another case. */
export class PackageNames {
  readonly linted: LintedPackage;
  readonly #exact = new Set<string>();
  readonly #folded = new Map<string, string>();

  constructor(linted: LintedPackage) {
    this.linted = linted;
    for (const path of [...linted.files, ...(linted.folders ?? [])]) {
      for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
        const above = path.slice(0, end);
        this.#exact.add(above);
        this.#folded.set(above.toLowerCase(), above);
      }
    }
  }

  /** The path as it is in the package; undefined if there is none. */
  find(path: string): string | undefined {
    return this.#exact.has(path) ? path : this.#folded.get(path.toLowerCase());
  }
}

/** A manifest and what was found in it. */
export class Manifest {
  readonly file: string;
  readonly root: XmlElement;
  readonly findings: LintFinding[];
  readonly #text: string;

  constructor(file: string, root: XmlElement, text: string, findings: LintFinding[]) {
    this.file = file;
    this.root = root;
    this.#text = text;
    this.findings = findings;
  }

  /** The folder of a service manifest. */
  get folder(): string {
    return this.file.slice(0, Math.max(this.file.lastIndexOf("/"), 0));
  }

  report(
    code: LintCode,
    element: XmlElement,
    message: string,
    severity: "error" | "warning" = "error",
  ): void {
    const line = this.#text.slice(0, element.start).split("\n").length;
    this.findings.push({ code, severity, file: this.file, line, message });
  }

  warn(code: LintCode, element: XmlElement, message: string): void {
    this.report(code, element, message, "warning");
  }

  /** The value of an attribute. Reports a missing or empty one. */
  require(element: XmlElement, name: string): string | undefined {
    const value = attribute(element, name);
    if (value === undefined)
      this.report("missing-attribute", element, `Add the attribute ${name} to ${element.name}.`);
    return value;
  }
}

export function readManifest(
  { texts }: LintedPackage,
  file: string,
  rootName: string,
  findings: LintFinding[],
): Manifest | undefined {
  const text = (texts.get(file) ?? "").replace(/^\uFEFF/, "");
  try {
    const { root } = parseXml(text, { includeOffsets: true });
    if (root === null) return undefined;
    const manifest = new Manifest(file, root, text, findings);
    if (localName(root) === rootName) return manifest;
    manifest.report("wrong-root-element", root, `The root element is ${root.name} instead of ${rootName}.`);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    const message = `The file is not well-formed XML: ${reason.replace(/ \(line.*/, "").replace(/\.?$/, ".")}`;
    findings.push({ code: "malformed-manifest", severity: "error", file, line: error.line, message });
  }
  return undefined;
}

export function childrenOf(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.flatMap((node) =>
    node instanceof XmlElement && localName(node) === name ? [node] : [],
  );
}

export function attribute(element: XmlElement, name: string): string | undefined {
  const value = element.attributes[name]?.trim();
  return value === "" ? undefined : value;
}

export function caseText(found: string, wanted: string): string {
  return `${found} differs from ${wanted} only in case, so clusters on Linux do not find it. Rename it.`;
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

/** The name of an element without a namespace prefix. */
export function localName({ name }: XmlElement): string {
  return name.slice(name.indexOf(":") + 1);
}
