import { FabricError } from "../wire/fabric-error.js";
import type { Parameter } from "./state.js";
import { elementsAt, parseXml, type XmlElement } from "./xml.js";

/** The facts of an ApplicationManifest.xml that registering and creating an application need. */
export interface ApplicationManifest {
  readonly typeName: string;
  readonly typeVersion: string;
  readonly parameters: readonly Parameter[];
  /** The service manifests that it refers to. */
  readonly imports: readonly { readonly name: string; readonly version: string }[];
  readonly services: readonly {
    readonly name: string;
    readonly typeName: string;
    readonly kind: "Stateless" | "Stateful";
  }[];
}

/** The facts of a ServiceManifest.xml. */
export interface ServiceManifest {
  readonly name: string;
  readonly version: string;
  /** Its code, configuration and data packages. */
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  readonly serviceTypes: ReadonlyMap<string, { readonly hasPersistedState: boolean }>;
}

const maxNameLength = 256;

/** @throws FabricError `FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR` */
export function parseApplicationManifest(text: string, file: string): ApplicationManifest {
  const root = parseRoot(text, "ApplicationManifest", file);
  const typeName = required(root, "ApplicationTypeName", file);
  const typeVersion = required(root, "ApplicationTypeVersion", file);
  // The status is that of the table for this code. The source of the code was not traced (deploy-flow §2 "Provision").
  if (typeName.length > maxNameLength || typeVersion.length > maxNameLength) {
    throw new FabricError("FABRIC_E_VALUE_TOO_LARGE", `The name or the version in ${file} is too long.`);
  }
  const imports = elementsAt(root, "ServiceManifestImport/ServiceManifestRef").map((element) => ({
    name: required(element, "ServiceManifestName", file),
    version: required(element, "ServiceManifestVersion", file),
  }));
  const twice = imports.find(({ name }, index) => imports.findIndex((each) => each.name === name) < index);
  if (twice !== undefined) throw invalid(`${file} imports the service manifest ${twice.name} twice.`);
  const services = elementsAt(root, "DefaultServices/Service").flatMap((service) =>
    service.children.flatMap(({ name, attributes }) => {
      const kind =
        name === "StatelessService" ? "Stateless" : name === "StatefulService" ? "Stateful" : undefined;
      if (kind === undefined) return [];
      const typeName = attributes.get("ServiceTypeName") ?? "";
      return [{ name: required(service, "Name", file), typeName, kind } as const];
    }),
  );
  const parameters = elementsAt(root, "Parameters/Parameter").map((element) => ({
    Key: required(element, "Name", file),
    Value: element.attributes.get("DefaultValue") ?? "",
  }));
  return { typeName, typeVersion, parameters, imports, services };
}

const packageElements = ["CodePackage", "ConfigPackage", "DataPackage"];

/** @throws FabricError `FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR` */
export function parseServiceManifest(text: string, file: string): ServiceManifest {
  const root = parseRoot(text, "ServiceManifest", file);
  const packages = packageElements
    .flatMap((name) => elementsAt(root, name))
    .map((element) => ({
      name: required(element, "Name", file),
      version: required(element, "Version", file),
    }));
  const serviceTypes = elementsAt(root, "ServiceTypes")
    .flatMap(({ children }) => children)
    .filter(({ attributes }) => attributes.has("ServiceTypeName"))
    .map(({ attributes }) => {
      const hasPersistedState = attributes.get("HasPersistedState") === "true";
      return [attributes.get("ServiceTypeName") ?? "", { hasPersistedState }] as const;
    });
  return {
    name: required(root, "Name", file),
    version: required(root, "Version", file),
    packages,
    serviceTypes: new Map(serviceTypes),
  };
}

function parseRoot(text: string, name: string, file: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`${file} is not valid XML. ${reason}`, error);
  }
  if (root.name !== name) throw invalid(`The root element of ${file} must be ${name}, not ${root.name}.`);
  return root;
}

function required({ name, attributes }: XmlElement, attribute: string, file: string): string {
  const value = attributes.get(attribute) ?? "";
  if (value === "") throw invalid(`${name} in ${file} has no ${attribute}.`);
  return value;
}

/** The failure of a package that does not fit its manifests. */
export function invalid(message: string, cause?: unknown): FabricError {
  return new FabricError("FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR", message, { cause });
}
