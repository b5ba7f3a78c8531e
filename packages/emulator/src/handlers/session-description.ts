import type { components } from "@sf-image-store/types";
import type { UploadSession } from "../sessions/session-table.js";

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

/** Milliseconds between 1601, where the cluster's ticks begin, and 1970. */
const ticksEpochOffsetMs = 11_644_473_600_000n;
const ticksPerMs = 10_000n;

/** Before version 3.0 a time is a count of ticks of 100 ns (protocol §1.1); from there on it has exactly 3 decimals. */
function describeTime(timeMs: number, apiVersion: number): string {
  if (apiVersion >= 3) return new Date(timeMs).toISOString();
  return String((BigInt(Math.trunc(timeMs)) + ticksEpochOffsetMs) * ticksPerMs);
}
