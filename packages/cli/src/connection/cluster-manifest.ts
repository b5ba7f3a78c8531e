import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { UsageError } from "../errors/errors.js";

/**
 * The setting that tells where packages are; undefined when the manifest has none. Throws UsageError for an encrypted one,
 * which only the cluster itself can read.
 */
export function connectionStringOf(manifest: string): string | undefined {
  const settings = childrenOf(parse(manifest), "FabricSettings");
  const sections = settings.flatMap((element) => childrenOf(element, "Section", "Management"));
  const [parameter] = sections.flatMap((section) =>
    childrenOf(section, "Parameter", "ImageStoreConnectionString"),
  );
  if (parameter === undefined) return undefined;
  const { Value: value, IsEncrypted: isEncrypted = "" } = parameter.attributes;
  if (/^(true|1)$/i.test(isEncrypted)) {
    throw new UsageError(
      "The cluster's manifest has the connection string of the image store in encrypted form. Give it by --image-store or SF_IMAGE_STORE.",
    );
  }
  return value;
}

function parse(manifest: string): XmlElement {
  try {
    const { root } = parseXml(manifest.replace(/^\uFEFF/, ""));
    if (root !== null) return root;
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new Error(
      `The cluster's manifest cannot be read: ${reason}. Give the image store by --image-store fabric:ImageStore.`,
      { cause },
    );
  }
  throw new Error(
    "The cluster's manifest is empty. Give the image store by --image-store fabric:ImageStore.",
  );
}

function childrenOf(parent: XmlElement, name: string, named?: string): XmlElement[] {
  return parent.children.flatMap((node) =>
    node instanceof XmlElement &&
    node.name === name &&
    (named === undefined || node.attributes["Name"]?.toLowerCase() === named.toLowerCase())
      ? [node]
      : [],
  );
}
