import { isVerificationError } from "@sf-image-store/client/node";
import type { ImageStore } from "../connection/open-store.js";
import type { LocalSource } from "./source.js";
import { whatIsAt } from "./what-is-at.js";

/** What is in the store where something is to go. */
export interface AtDestination {
  /**
   * `same`: a receipt proves the same content. `complete`: a package with its mark and other content, or content that cannot
   * be compared. `open`: nothing, or what an interrupted upload has left.
   */
  readonly state: "file" | "same" | "complete" | "open";
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
  // What is absent is no surprise here: there is nothing to wait for.
  const options = { abortSignal, retryOptions: { retryDelayMs: 0 } };
  const isFile = (await whatIsAt(store, storePath, abortSignal))?.kind === "file";
  if (source.kind === "file" && !isFile) return { state: "open", unexpected: [] };
  try {
    const { proof } =
      source.kind === "file"
        ? await store.verifyFile(storePath, source.path, options)
        : await store.verifyPackage(source.content, storePath, options);
    if (proof === "content") return { state: "same", unexpected: [] };
    return { state: isFile ? "file" : "complete", unexpected: [] };
  } catch (error) {
    if (!isVerificationError(error)) throw error;
    if (isFile) return { state: "file", unexpected: [] };
    const { differences } = error;
    const isMarked = !differences.some((one) => one.kind === "unmarked" && one.storePath === storePath);
    const unexpected = differences.filter(({ kind }) => kind === "unexpected");
    return { state: isMarked ? "complete" : "open", unexpected: unexpected.map((one) => one.storePath) };
  }
}
