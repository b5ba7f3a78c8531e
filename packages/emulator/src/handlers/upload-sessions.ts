import { stat } from "node:fs/promises";
import type { components } from "@sf-image-store/types";
import type { ImageStore } from "../image-store.js";
import { type ContentRange, parseContentRange } from "../sessions/ranges.js";
import { parseGuid, type UploadSession } from "../sessions/session-table.js";
import type { ChunkPlace } from "../store/session-files.js";
import type { Staging } from "../store/staging.js";
import { type Answer, jsonAnswer, noContentAnswer, okAnswer } from "../wire/answers.js";
import { FabricError, systemErrorCode } from "../wire/fabric-error.js";
import { describeTime } from "../wire/time.js";
import { type Handlers, type ImageStoreRequest, requirePath } from "./handler.js";

type UploadSessionHandlers = Pick<
  Handlers,
  | "UploadFileChunk"
  | "GetImageStoreUploadSessionById"
  | "GetImageStoreUploadSessionByPath"
  | "CommitImageStoreUploadSession"
  | "DeleteImageStoreUploadSession"
>;

/** The operations on upload sessions (protocol §2, §3). */
export function uploadSessionHandlers(store: ImageStore): UploadSessionHandlers {
  return {
    UploadFileChunk: (request) => uploadChunk(store, request),
    GetImageStoreUploadSessionById: async (request) => {
      const session = store.sessions.find(readSessionId(request, "FABRIC_E_INVALID_UPLOAD_SESSION_ID"));
      return listAnswer(session === undefined ? [] : [session], request);
    },
    GetImageStoreUploadSessionByPath: async (request) =>
      listAnswer(store.sessions.findByPath(requirePath(request)), request),
    CommitImageStoreUploadSession: async (request) => {
      await commitSession(store, readSessionId(request, "E_INVALIDARG"));
      return okAnswer();
    },
    DeleteImageStoreUploadSession: (request) => deleteSession(store, request),
  };
}

async function uploadChunk({ sessions, staging }: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  // The gateway checks the range before the session ID (protocol §2.1), and both before it reads the body.
  const range = parseContentRange(request.contentRange);
  const path = requirePath(request);
  const sessionId = readSessionId(request, "FABRIC_E_INVALID_UPLOAD_SESSION_ID");
  const chunk = await staging.receiveChunk(request.body, placeOf(sessionId, range, request.contentLength));
  let kept = false;
  try {
    // The store failed over while the last bytes arrived.
    if (!staging.holds(chunk.file)) throw new FabricError("E_ABORT");
    kept = sessions.record({ sessionId, path, range, ...chunk });
  } finally {
    if (!kept) await staging.discard(chunk);
  }
  return okAnswer();
}

/** File systems have a maximum size of a file. On ext4, it is 16 TiB. */
const maxSharedBytes = 2n ** 40n;

/**
 * Where a chunk belongs in the complete file. Undefined if its body does not have the declared length, or may not have it, or if the
 * file may be too large for the disk: as on a cluster, its chunks fit nevertheless.
 */
function placeOf(
  sessionId: string,
  range: ContentRange,
  contentLength: string | undefined,
): ChunkPlace | undefined {
  if (range.end >= range.size || range.size > maxSharedBytes) return undefined;
  const [start, end, size] = [Number(range.start), Number(range.end) + 1, Number(range.size)];
  if (Number(contentLength) !== end - start) return undefined;
  return { sessionId, start, end, size };
}

async function deleteSession({ sessions, staging }: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const chunks = sessions.remove(readSessionId(request, "E_INVALIDARG"));
  if (chunks === undefined) throw new FabricError("NotFound");
  await Promise.all(chunks.map((chunk) => staging.discard(chunk)));
  return okAnswer();
}

/** An unknown session is not an error, but 204 without a body (protocol §3). */
function listAnswer(sessions: readonly UploadSession[], request: ImageStoreRequest): Answer {
  return sessions.length === 0
    ? noContentAnswer()
    : jsonAnswer(describeSessions(sessions, request.apiVersion));
}

/** For the same mistake, chunk and get use another code than commit and delete (protocol §3). */
function readSessionId(
  { query }: ImageStoreRequest,
  code: "FABRIC_E_INVALID_UPLOAD_SESSION_ID" | "E_INVALIDARG",
): string {
  const sessionId = parseGuid(query.get("session-id"));
  if (sessionId === undefined) throw new FabricError(code);
  return sessionId;
}

/**
 * Joins the chunks of a session to the file at its path. The session and its chunks stay until the session is deleted
 * (protocol §2.5).
 * @throws FabricError First the errors of the gateway, then those of the store.
 */
export async function commitSession(store: ImageStore, id: string): Promise<void> {
  const session = store.sessions.find(id);
  // The gateway checks first. It gives unknown, incomplete and zero-size sessions the same response.
  if (session === undefined || session.ranges.expected().length > 0) throw new FabricError("E_INVALIDARG");
  await store.pendingWrites.run(session.path, async () => {
    if (store.content.wasWrittenBy(session.path, id)) return;
    // After a first chunk that ends at `size`, nothing is expected, but the file is not complete (protocol §2.4).
    if (!session.ranges.isComplete()) throw new FabricError("E_INVALIDARG");
    await writeFile(store, session);
  });
}

async function writeFile({ staging, content }: ImageStore, session: UploadSession): Promise<void> {
  // Check that the path stays inside the store before copying, and again at the rename.
  content.resolve(session.path);
  const joined = await joinChunks(staging, session);
  await staging.handOver(joined, async () => {
    await checkLength(joined, session);
    await content.replace(session.path, joined, session.id);
  });
}

/** Sorts chunks by their declared start and joins their real bytes. As on a cluster, errors that cancel out are not detected. */
async function joinChunks(staging: Staging, session: UploadSession): Promise<string> {
  const inOrder = [...session.chunks].sort((left, right) => (left.start < right.start ? -1 : 1));
  try {
    return await staging.join(inOrder);
  } catch (error) {
    // The session was deleted during the commit.
    if (systemErrorCode(error) === "ENOENT") throw new FabricError("NotFound", undefined, { cause: error });
    throw error;
  }
}

async function checkLength(joined: string, { path, ranges }: UploadSession): Promise<void> {
  const { size } = await stat(joined, { bigint: true });
  if (size === ranges.size) return;
  throw new FabricError(
    "E_INVALIDARG",
    `The chunks of ${path.text} contain ${size} bytes in total, but the upload session declares ${ranges.size}.`,
  );
}

type Schemas = components["schemas"];

/** The sessions as sent to clients: properties in the cluster's order, numbers as strings (protocol §3). */
function describeSessions(sessions: readonly UploadSession[], apiVersion: number): Schemas["UploadSession"] {
  return { UploadSessions: sessions.map((session) => describeSession(session, apiVersion)) };
}

function describeSession(session: UploadSession, apiVersion: number): Schemas["UploadSessionInfo"] {
  return {
    StoreRelativePath: session.path.text,
    SessionId: session.id,
    FileSize: String(session.ranges.size),
    ModifiedDate: describeTime(session.modifiedAt, apiVersion),
    ExpectedRanges: session.ranges.expected().map(({ start, end }) => ({
      StartPosition: String(start),
      EndPosition: String(end),
    })),
  };
}
