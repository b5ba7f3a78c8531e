import { FabricError } from "@sf-image-store/client/node";

/** Something could not be done in the folder that is the image store. */
export class FolderError extends Error {
  override readonly name = "FolderError";
  /** The system's code, such as `ENOSPC`. */
  readonly code: string | undefined;

  constructor(what: string, cause: unknown) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${what}: ${reason}`, { cause });
    this.code = code;
  }
}

/** Nothing is there. Told as by a cluster, so that all who ask a store need to know one answer only. */
export function notFound(what: string, folder: string): FabricError {
  const context = {
    operationId: "GetImageStoreContent",
    request: `Looking for ${what}`,
    requestId: "",
  } as const;
  return new FabricError(`${what} is not in the image store ${folder}.`, context, {
    status: 404,
    code: "FABRIC_E_FILE_NOT_FOUND",
  });
}

export function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** Says on what it failed, unless it was stopped. */
export async function inFolder<Value>(
  what: string,
  signal: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    signal?.throwIfAborted();
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
    throw new FolderError(what, error);
  }
}
