import type { components } from "@sf-image-store/types";
import type { UploadSession } from "../sessions/session-table.js";
import { describeTime } from "../wire-time.js";

type Schemas = components["schemas"];

/** The sessions as the wire has them; property order is the cluster's, numbers are strings (protocol §3). */
export function describeSessions(
  sessions: readonly UploadSession[],
  apiVersion: number,
): Schemas["UploadSession"] {
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
