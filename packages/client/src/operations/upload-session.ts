import type { Schemas } from "@sf-image-store/types";
import type { ContentSent, OperationOptions, StorePathOptions } from "../http/options.js";
import { UnexpectedValue, wireDate, wireInteger, wireList, wireText } from "../wire/answer.js";
import type { Bytes } from "../wire/bytes.js";

/** A run of bytes of a file. Both ends belong to it and count from zero. */
export interface ByteRange {
  readonly startPosition: number;
  readonly endPosition: number;
}

/** What the server knows of an upload that is going on, or committed a short while ago. */
export interface UploadSession {
  /** The file's path as it was sent with the first chunk; separators are not normalised. */
  readonly storeRelativePath: string;
  readonly sessionId: string;
  /** Length of the whole file in bytes. */
  readonly fileSize: number;
  /** When the session last received a new chunk. It expires about 30 minutes later. */
  readonly modifiedDate: Date;
  /** What the server still waits for, ascending. Empty when every byte has arrived, committed or not. */
  readonly expectedRanges: readonly ByteRange[];
}

export interface SessionOptions extends OperationOptions {
  /** The GUID that the session's first chunk was sent with, in either case. */
  readonly sessionId: string;
}

export interface UploadFileChunkOptions extends SessionOptions, StorePathOptions, ContentSent {
  /** Where the chunk begins in the file, in bytes from zero. */
  readonly startPosition: number;
  /** Length of the whole file in bytes; the same in every chunk of a session. */
  readonly fileSize: number;
  /** The bytes. At least one, and none behind the end of the file. */
  readonly chunk: Bytes;
}

export function decodeUploadSessions(answer: Schemas["UploadSession"]): UploadSession[] {
  return wireList("UploadSessions", answer.UploadSessions).map(decodeUploadSession);
}

/** The session of a by-id answer, which must hold that one and no other. */
export function decodeOnlySession(answer: Schemas["UploadSession"], sessionId: string): UploadSession {
  const sessions = decodeUploadSessions(answer);
  const [session] = sessions;
  if (session === undefined || sessions.length > 1) {
    throw new UnexpectedValue("UploadSessions", "exactly one session", sessions.length);
  }
  if (session.sessionId.toLowerCase() !== sessionId.toLowerCase()) {
    throw new UnexpectedValue("SessionId", sessionId, session.sessionId);
  }
  return session;
}

function decodeUploadSession(session: Schemas["UploadSessionInfo"]): UploadSession {
  const fileSize = wireInteger("FileSize", session.FileSize);
  return {
    storeRelativePath: wireText("StoreRelativePath", session.StoreRelativePath),
    sessionId: wireText("SessionId", session.SessionId),
    fileSize,
    modifiedDate: wireDate("ModifiedDate", session.ModifiedDate),
    expectedRanges: decodeExpectedRanges(session.ExpectedRanges, fileSize),
  };
}

/** What is sent follows from these ranges, so they must make sense: inclusive, ascending, apart, inside the file. */
function decodeExpectedRanges(
  wire: Schemas["UploadChunkRange"][] | undefined,
  fileSize: number,
): ByteRange[] {
  const ranges = wireList("ExpectedRanges", wire).map((range) => ({
    startPosition: wireInteger("StartPosition", range.StartPosition),
    endPosition: wireInteger("EndPosition", range.EndPosition),
  }));
  // An empty file is one range that cannot exist, 0 to 0 (protocol §2.4).
  const last = Math.max(fileSize - 1, 0);
  let next = 0;
  for (const { startPosition, endPosition } of ranges) {
    if (startPosition < next || endPosition < startPosition || endPosition > last) {
      throw new UnexpectedValue(
        "ExpectedRanges",
        `ascending ranges inside a file of ${fileSize} bytes`,
        ranges,
      );
    }
    next = endPosition + 2;
  }
  return ranges;
}
