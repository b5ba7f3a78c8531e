import type { Cli } from "../cli.js";
import { openStore } from "../connection/open-store.js";
import { listEntries } from "../store/read-tree.js";

/** A person waits for it with a finger on the key. */
const limitMs = 2000;

/** The paths of the store that begin as typed, one level further. None when the cluster cannot be asked. */
export async function storePathsFor(cli: Cli, typed: string): Promise<readonly string[]> {
  const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(limitMs)]);
  const folder = typed.slice(0, Math.max(typed.lastIndexOf("/"), 0));
  try {
    await using store = await openStore({ ...cli, signal });
    const entries = (await listEntries(store, folder, signal)) ?? [];
    return entries.map(({ kind, storePath }) => (kind === "folder" ? `${storePath}/` : storePath));
  } catch {
    return [];
  }
}
