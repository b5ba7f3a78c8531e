import { isReservedFolder } from "@sf-image-store/types";
import { UsageError } from "../failure/usage-error.js";

/** Whether a path is, or lies in, what the cluster itself keeps in its image store. */
export function isReserved(storePath: string): boolean {
  return isReservedFolder(storePath.split("/")[0] ?? "");
}

/** What to do in place of a deletion. */
export const unregister = "Unregister the application type instead.";

/** Throws UsageError for what must not be deleted or written by hand. @param instead What to do. */
export function refuseReserved(storePath: string, instead: string): void {
  if (!isReserved(storePath)) return;
  throw new UsageError(`${storePath} belongs to the cluster: it holds what is registered. ${instead}`);
}
