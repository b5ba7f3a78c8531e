import { FabricError } from "../fabric-error.js";

/** Folders of the cluster itself. Only their very names are kept safe, not what is inside (protocol §1.4). */
const reservedFolders = ["store", "windowsfabricstore"];

/**
 * Keeps the folders of the cluster from being deleted, on whatever errand.
 * @param text the path as it was sent: the test comes before separators are trimmed, so `Store\` slips through.
 */
export function refuseReservedFolder(text: string): void {
  if (reservedFolders.includes(text.toLowerCase())) {
    throw new FabricError("FABRIC_E_IMAGEBUILDER_RESERVED_DIRECTORY_ERROR");
  }
}
