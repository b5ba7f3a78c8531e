import { FabricError } from "../wire/fabric-error.js";
import type { Parameter } from "./state.js";
import { elementsAt, parseXml, type XmlElement, xmlText } from "./xml.js";

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
  readonly packages: readonly {
    readonly kind: string;
    readonly name: string;
    readonly version: string;
    /** Whether it needs no files, because it runs the image of a container. */
    readonly isContainer: boolean;
  }[];
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
      kind: element.name,
      name: required(element, "Name", file),
      version: required(element, "Version", file),
      isContainer: elementsAt(element, "EntryPoint/ContainerHost").length > 0,
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

/** The attribute by which the cluster sorts the children of an element (ImageBuilderSorterUtility.cs). */
const sortedLists: Readonly<Record<string, string>> = {
  Parameters: "Name",
  ServiceTemplates: "ServiceTypeName",
  DefaultServices: "Name",
  ConfigOverrides: "Name",
  Settings: "Name",
  Section: "Name",
  ServiceTypes: "ServiceTypeName",
  Endpoints: "Name",
};

/** The same for elements of one name among others. */
const sortedElements: Readonly<Record<string, string>> = {
  ServiceManifestImport: "ServiceManifestName",
  CodePackage: "Name",
  ConfigPackage: "Name",
  DataPackage: "Name",
};

/** Some of the default values in the schema. An attribute that has one is left out. */
const defaults: Readonly<Record<string, string>> = {
  InstanceCount: "1",
  TargetReplicaSetSize: "1",
  MinReplicaSetSize: "1",
  HasPersistedState: "false",
  UseImplicitHost: "false",
  ServicePackageActivationMode: "SharedProcess",
  IsEncrypted: "false",
  ConsiderWarningAsError: "false",
  Protocol: "tcp",
  Type: "Internal",
};

/**
 * A manifest as the cluster stores it and shows it: it reads the manifest, sorts lists, and writes it again
 * (ApplicationProvisionOperation.cs, ConvertAndUploadToStoreAsync). So comments, the order of elements, and default values are lost.
 */
export function rewriteManifest(text: string): string {
  const root = sorted(parseXml(text));
  const attributes = new Map([
    ["xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"],
    ["xmlns:xsd", "http://www.w3.org/2001/XMLSchema"],
    ...root.attributes,
    ["xmlns", "http://schemas.microsoft.com/2011/01/fabric"],
  ]);
  return `<?xml version="1.0" encoding="utf-8"?>${xmlText({ ...root, attributes })}`;
}

function sorted(element: XmlElement): XmlElement {
  const keyOf = (child: XmlElement): string => {
    const [holder = child] = elementsAt(child, "ServiceManifestRef");
    return holder.attributes.get(sortedLists[element.name] ?? sortedElements[child.name] ?? "") ?? "";
  };
  const children = element.children.map(sorted).sort((a, b) => {
    const isList = element.name in sortedLists || (a.name === b.name && a.name in sortedElements);
    return isList ? Number(keyOf(a) > keyOf(b)) - Number(keyOf(a) < keyOf(b)) : 0;
  });
  const attributes = [...element.attributes].filter(
    ([name, value]) => !/^(xmlns|xsi:)/.test(name) && defaults[name] !== value,
  );
  return { ...element, children, attributes: new Map(attributes) };
}

/** The failure of a package that does not fit its manifests. */
export function invalid(message: string, cause?: unknown): FabricError {
  return new FabricError("FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR", message, { cause });
}
