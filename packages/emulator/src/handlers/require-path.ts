import { FabricError } from "../fabric-error.js";
import type { StorePath } from "../store/store-path.js";
import type { ImageStoreRequest } from "./handler.js";

/** @throws FabricError `E_INVALIDARG` for a path that decodes to nothing. */
export function requirePath({ path }: ImageStoreRequest): StorePath {
  if (path === undefined) throw new FabricError("E_INVALIDARG");
  return path;
}
