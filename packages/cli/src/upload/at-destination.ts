import { isVerificationError } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import type { LocalSource } from "./source.js";
import { whatIsAt } from "./what-is-at.js";

/** What is in the store where something is to go. */
export interface AtDestination {
  /** `complete`: a package with its mark. `open`: nothing, or what an interrupted upload has left. */
  readonly state: "file" | "complete" | "open";
  /** Paths that do not belong to the package. */
  readonly unexpected: readonly string[];
}

/** Asks the store. Refuses names as the upload would. */
export async function lookAtDestination(
  store: ImageStore,
  source: LocalSource,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<AtDestination> {
  const isFile = (await whatIsAt(store, storePath, abortSignal))?.kind === "file";
  if (source.kind === "file") return { state: isFile ? "file" : "open", unexpected: [] };
  try {
    // Absent files are no news here: there is nothing to wait for.
    const retryOptions = { retryDelayMs: 0 };
    await store.verifyPackage(source.content, storePath, { abortSignal, retryOptions });
    return { state: "complete", unexpected: [] };
  } catch (error) {
    if (!isVerificationError(error)) throw error;
    const { differences } = error;
    const isMarked = !differences.some((one) => one.kind === "unmarked" && one.storePath === storePath);
    const unexpected = differences.filter(({ kind }) => kind === "unexpected");
    return { state: isMarked ? "complete" : "open", unexpected: unexpected.map((one) => one.storePath) };
  }
}
