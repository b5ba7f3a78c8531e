import { type Answer, jsonAnswer, noContentAnswer, okAnswer } from "../answers.js";
import { FabricError } from "../fabric-error.js";
import type { ImageStore } from "../image-store.js";
import { parseContentRange } from "../sessions/content-range.js";
import { parseGuid } from "../sessions/guid.js";
import type { UploadSession } from "../sessions/session-table.js";
import { commitSession } from "./commit-session.js";
import type { Handlers, ImageStoreRequest } from "./handler.js";
import { requirePath } from "./require-path.js";
import { describeSessions } from "./session-description.js";

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
