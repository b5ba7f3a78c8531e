import { stat } from "node:fs/promises";
import type { components } from "@sf-image-store/types";
import type { ImageStore } from "../image-store.js";
import { parseContentRange } from "../sessions/ranges.js";
import { parseGuid, type UploadSession } from "../sessions/session-table.js";
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
  // The range is judged before the session id (protocol §2.1), and both before the body is worth reading.
  const range = parseContentRange(request.contentRange);
  const path = requirePath(request);
  const sessionId = readSessionId(request, "FABRIC_E_INVALID_UPLOAD_SESSION_ID");
  const file = await staging.receive(request.body);
  let kept = false;
  try {
    // A fail-over while the last bytes came took them along.
    if (!staging.holds(file)) throw new FabricError("E_ABORT");
    kept = sessions.record({ sessionId, path, range, file });
  } finally {
    if (!kept) await staging.discard(file);
  }
  return okAnswer();
}

async function deleteSession({ sessions, staging }: ImageStore, request: ImageStoreRequest): Promise<Answer> {
  const files = sessions.remove(readSessionId(request, "E_INVALIDARG"));
  if (files === undefined) throw new FabricError("NotFound");
  await Promise.all(files.map((file) => staging.discard(file)));
  return okAnswer();
}

/** A session nobody knows is no error: 204 without a body (protocol §3). */
function listAnswer(sessions: readonly UploadSession[], request: ImageStoreRequest): Answer {
  return sessions.length === 0
    ? noContentAnswer()
    : jsonAnswer(describeSessions(sessions, request.apiVersion));
}

/** The same mistake has one code on chunk and get, and another on commit and delete (protocol §3). */
function readSessionId(
  { query }: ImageStoreRequest,
  code: "FABRIC_E_INVALID_UPLOAD_SESSION_ID" | "E_INVALIDARG",
): string {
  const sessionId = parseGuid(query.get("session-id"));
  if (sessionId === undefined) throw new FabricError(code);
  return sessionId;
}

/**
 * Makes a session's chunks the file at its path. The session stays, with its chunks, until it is deleted (protocol §2.5).
 * @throws FabricError in the order of the protocol's two stages.
 */
export async function commitSession(store: ImageStore, id: string): Promise<void> {
  const session = store.sessions.find(id);
  // The gateway's stage: unknown, incomplete and zero-size sessions share one answer.
  if (session === undefined || session.ranges.expected().length > 0) throw new FabricError("E_INVALIDARG");
  await store.pendingWrites.run(session.path, async () => {
    if (store.content.wasWrittenBy(session.path, id)) return;
    // A first chunk that ended at `size` leaves nothing expected, yet never a whole file (protocol §2.4).
    if (!session.ranges.isComplete()) throw new FabricError("E_INVALIDARG");
    await writeFile(store, session);
  });
}

async function writeFile({ staging, content }: ImageStore, session: UploadSession): Promise<void> {
  // A path that leads outside is refused before its bytes are copied, and once more at the rename.
  content.resolve(session.path);
  const joined = await joinChunks(staging, session);
  await staging.handOver(joined, async () => {
    await checkLength(joined, session);
    await content.replace(session.path, joined, session.id);
  });
}

/** Sorted by where they claim to start, joined by their real length: two errors that cancel out go unseen. */
async function joinChunks(staging: Staging, session: UploadSession): Promise<string> {
  const inOrder = [...session.chunks].sort((left, right) => (left.start < right.start ? -1 : 1));
  try {
    return await staging.concatenate(inOrder.map((chunk) => chunk.file));
  } catch (error) {
    // The session was deleted while it was being committed.
    if (systemErrorCode(error) === "ENOENT") throw new FabricError("NotFound", undefined, { cause: error });
    throw error;
  }
}

async function checkLength(joined: string, { path, ranges }: UploadSession): Promise<void> {
  const { size } = await stat(joined, { bigint: true });
  if (size === ranges.size) return;
  throw new FabricError(
    "E_INVALIDARG",
    `The chunks of ${path.text} hold ${size} bytes together, but the upload session declares ${ranges.size}.`,
  );
}

type Schemas = components["schemas"];

/** The sessions as the wire has them; property order is the cluster's, numbers are strings (protocol §3). */
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
