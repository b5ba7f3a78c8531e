import { fileURLToPath } from "node:url";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { UsageError } from "../errors/errors.js";

/** Where the packages of a cluster are. */
export type StoreLocation =
  | { readonly kind: "service" }
  | { readonly kind: "folder"; readonly folder: string };

/**
 * Reads an image store connection string as it stands in cluster manifests: `fabric:ImageStore`, or a folder as
 * `file:C:\Data\Store`, `file:\\server\share`, `file:///srv/store`. Throws UsageError for other kinds of stores, and for
 * folders that cannot be on this machine.
 */
export function parseConnectionString(text: string, onWindows = process.platform === "win32"): StoreLocation {
  const trimmed = text.trim();
  if (/^fabric:/i.test(trimmed)) return { kind: "service" };
  if (!/^file:/i.test(trimmed)) throw new UsageError(refusal(trimmed));
  const folder = folderOf(trimmed.slice("file:".length), onWindows);
  const isOfWindows = /^[a-z]:[\\/]/i.test(folder) || /^[\\/]{2}[^\\/]+[\\/]+[^\\/]/.test(folder);
  if (onWindows ? isOfWindows : folder.startsWith("/") && !isOfWindows) return { kind: "folder", folder };
  throw new UsageError(
    isOfWindows && !onWindows
      ? `The image store is the folder ${folder} on a Windows machine. Run this command there, or pass a local path to the same folder, for example --image-store file:/mnt/store`
      : `"${trimmed}" is not an absolute path. Use a path such as --image-store file:${onWindows ? "C:\\Path" : "/path"}`,
  );
}

function folderOf(rest: string, onWindows: boolean): string {
  // Only with slashes it can be a URL; in all other forms a % is just a %.
  if (!rest.startsWith("//") || rest.includes("\\")) return rest;
  if (onWindows || !/^\/\/\/[a-z]:/i.test(rest)) {
    try {
      return fileURLToPath(`file:${rest}`, { windows: onWindows });
    } catch {
      return rest;
    }
  }
  return rest.slice("///".length);
}

/** What comes after the scheme may be a key. */
function refusal(text: string): string {
  const [scheme = ""] = text.split(":", 1);
  const kind = scheme.length < text.length ? ` "${scheme}:"` : "";
  return `Unsupported image store type${kind}. Only fabric: and file: are supported. Check the connection string in --image-store, SF_IMAGE_STORE or the cluster manifest.`;
}

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
      "The connection string of the image store is encrypted in the cluster manifest. Pass it with --image-store or SF_IMAGE_STORE.",
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
    throw new Error(`Cannot parse the cluster manifest: ${reason}. Pass --image-store fabric:ImageStore.`, {
      cause,
    });
  }
  throw new Error("The cluster manifest is empty. Pass --image-store fabric:ImageStore.");
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
