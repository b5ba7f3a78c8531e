import {
  isFabricError,
  type NodeImageStoreClient,
  type StoreFile,
  type UploadSession,
} from "@sf-image-store/client/node";
import pLimit from "p-limit";
import type { ImageStore } from "../connection/open-store.js";
import { NotFoundError, UnsupportedError } from "../errors/errors.js";
import { oneLine } from "../output/escape.js";
import { sizeText } from "../output/units.js";
import { fileAt, listEntries } from "./tree.js";

/** Maximum number of parallel requests. */
const concurrency = 8;

/**
 * The upload sessions of a path; undefined if the store does not support sessions. The server compares paths exactly
 * (protocol §2.7). This client separates names with slashes, other clients with backslashes.
 */
export async function sessionsAt(
  { getUploadSessionsByPath }: Partial<Pick<NodeImageStoreClient, "getUploadSessionsByPath">>,
  storePath: string,
  abortSignal: AbortSignal,
): Promise<readonly UploadSession[] | undefined> {
  if (getUploadSessionsByPath === undefined) return undefined;
  const spellings = new Set([storePath, storePath.replaceAll("/", "\\")]);
  try {
    const found: UploadSession[] = [];
    for (const spelling of spellings) {
      found.push(...(await getUploadSessionsByPath({ storePath: spelling, abortSignal })));
    }
    return [...new Map(found.map((session) => [session.sessionId, session])).values()];
  } catch (error) {
    if (isUnknownOperation(error)) return undefined;
    throw error;
  }
}

/**
 * The upload sessions of several files; undefined if the store does not support sessions. Sends requests for each path, because
 * the server can only find sessions by the path of their file (protocol §2.7).
 */
export async function sessionsOfFiles(
  store: Partial<Pick<NodeImageStoreClient, "getUploadSessionsByPath">>,
  storePaths: readonly string[],
  abortSignal: AbortSignal,
): Promise<readonly UploadSession[] | undefined> {
  const limit = pLimit(concurrency);
  let isSupported = store.getUploadSessionsByPath !== undefined;
  const ask = async (storePath: string): Promise<readonly UploadSession[]> => {
    const found = isSupported ? await sessionsAt(store, storePath, abortSignal) : undefined;
    isSupported = found !== undefined;
    return found ?? [];
  };
  const found = (await Promise.all(storePaths.map((path) => limit(ask, path)))).flat();
  return isSupported ? found : undefined;
}

/** The session with this ID; undefined if it does not exist. Throws UnsupportedError. */
export async function findSession(
  client: Pick<NodeImageStoreClient, "getUploadSession">,
  sessionId: string,
  abortSignal: AbortSignal,
): Promise<UploadSession | undefined> {
  try {
    return await client.getUploadSession({ sessionId, abortSignal });
  } catch (error) {
    throw isUnknownOperation(error) ? sessionsUnsupportedError(error) : error;
  }
}

/** The session with this ID. Throws NotFoundError and UnsupportedError. */
export async function requireSession(
  client: Pick<NodeImageStoreClient, "getUploadSession">,
  sessionId: string,
  abortSignal: AbortSignal,
): Promise<UploadSession> {
  const session = await findSession(client, sessionId, abortSignal);
  if (session !== undefined) return session;
  throw new NotFoundError(
    `Session ${sessionId} does not exist. The upload may be complete: clients delete a session after committing it. Otherwise the session was deleted, expired (30 minutes after its last chunk), or was lost in a failover.\nTo check whether the file is in the image store, run: sf-image-store stat PATH\nIf it is not, run the upload again.`,
  );
}

/**
 * The file that a missing session was committed to; undefined if it was not committed. Only the listing can tell,
 * because clients delete committed sessions.
 * @param last The last known state of the session.
 */
export async function committedFile(
  store: Pick<ImageStore, "listContent">,
  last: UploadSession,
  abortSignal: AbortSignal,
): Promise<StoreFile | undefined> {
  const path = storePathOf(last);
  const file = fileAt((await listEntries(store, path, abortSignal)) ?? [], path);
  return file?.fileSize === last.fileSize && file.modifiedDate >= last.modifiedDate ? file : undefined;
}

/** The error for a session that disappeared without its file in the store. */
export function missingSessionError(last: UploadSession): NotFoundError {
  const path = oneLine(storePathOf(last));
  return new NotFoundError(
    `Session ${last.sessionId} no longer exists, and ${path} is not in the image store. At the last check, ${arrivedText(last)} had arrived. The session was deleted, expired, or was lost in a failover. Run the upload again.`,
  );
}

/** Other clients separate names with backslashes. */
export function storePathOf({ storeRelativePath }: UploadSession): string {
  return storeRelativePath.replaceAll("\\", "/");
}

/** Gateways on Linux and old gateways report an unknown operation as an invalid argument (protocol §1). */
export function isUnknownOperation(error: unknown): boolean {
  return isFabricError(error) && error.status === 400 && error.code === "E_INVALIDARG";
}

export function sessionsUnsupportedError(cause?: unknown): UnsupportedError {
  return new UnsupportedError(
    "This cluster does not support upload sessions, because its gateway runs on Linux. Uploads work, but each file is sent in one request.",
    { cause },
  );
}

/** Number of bytes that have not arrived. */
export function missingBytes({ fileSize, expectedRanges }: UploadSession): number {
  const missing = expectedRanges.reduce(
    (sum, { startPosition, endPosition }) => sum + endPosition - startPosition + 1,
    0,
  );
  // The server reports an empty file as missing the range 0 to 0 (protocol §2.4).
  return Math.min(missing, fileSize);
}

/** `57 %, 5 MiB of 8.69 MiB`. */
export function arrivedText(session: UploadSession): string {
  const { fileSize } = session;
  const arrived = fileSize - missingBytes(session);
  const percent = fileSize === 0 ? 0 : Math.floor((100 * arrived) / fileSize);
  return `${percent} %, ${sizeText(arrived)} of ${sizeText(fileSize)}`;
}

/** A session as JSON. */
export function sessionDocument(session: UploadSession): object {
  const { sessionId, storeRelativePath, fileSize, modifiedDate, expectedRanges } = session;
  return {
    sessionId,
    storeRelativePath,
    fileSize,
    missingBytes: missingBytes(session),
    modifiedDate: modifiedDate.toISOString(),
    expectedRanges,
  };
}
