import { createHash } from "node:crypto";
import { isObject, type JsonObject } from "../spec/index.js";

/**
 * The manifest with what the package was made of: the version of the API, and the SHA-256 of the OpenAPI document that it
 * exports, as `JSON.stringify` writes it. Whoever has the package can compute it again.
 */
export function stampManifest(manifest: string, document: JsonObject): string {
  const info = isObject(document["info"]) ? document["info"] : {};
  const sha256 = createHash("sha256").update(JSON.stringify(document)).digest("hex");
  const stamped = { ...JSON.parse(manifest), imageStoreSpec: { version: String(info["version"]), sha256 } };
  return `${JSON.stringify(stamped, null, 2)}\n`;
}
