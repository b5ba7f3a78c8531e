import { fileURLToPath } from "node:url";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { UsageError } from "../errors/errors.js";

/** Where a cluster stores packages. */
export type StoreLocation =
  | { readonly kind: "service" }
  | { readonly kind: "folder"; readonly folder: string };

/**
 * Parses the image store connection string of a cluster manifest: `fabric:ImageStore`, or a folder such as
 * `file:C:\Data\Store`, `file:\\server\share` or `file:///srv/store`. Throws UsageError for other types, and for
 * folders that cannot exist on this machine.
 */
export function parseConnectionString(text: string, onWindows = process.platform === "win32"): StoreLocation {
  const trimmed = text.trim();
  if (/^fabric:/i.test(trimmed)) return { kind: "service" };
  if (!/^file:/i.test(trimmed)) throw new UsageError(unsupportedTypeMessage(trimmed));
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
  // Only a path with slashes can be a URL. In all others, % is an ordinary character.
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

/** The text after the scheme is not shown, because it may contain a key. */
function unsupportedTypeMessage(text: string): string {
  const [scheme = ""] = text.split(":", 1);
  const kind = scheme.length < text.length ? ` "${scheme}:"` : "";
  return `Unsupported image store type${kind}. Only fabric: and file: are supported. Check the connection string in --image-store, SF_IMAGE_STORE or the cluster manifest.`;
}

/**
 * The connection string in a cluster manifest; undefined if there is none. Throws UsageError if it is encrypted,
 * because only the cluster can decrypt it.
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
