import type { Schemas } from "@sf-image-store/types";
import type { ContentSent, OperationOptions, StorePathOptions } from "../http/options.js";
import { UnexpectedValue, wireDate, wireInteger, wireList, wireString } from "../wire/answer.js";
import type { Bytes } from "../wire/bytes.js";

/** A range of bytes in a file. Positions start at 0, and both ends are inclusive. */
export interface ByteRange {
  readonly startPosition: number;
  readonly endPosition: number;
}

/** An upload that is in progress or was committed recently, as the server reports it. */
export interface UploadSession {
  /** The path of the file as sent with the first chunk. Separators are not normalized. */
  readonly storeRelativePath: string;
  readonly sessionId: string;
  /** The size of the whole file in bytes. */
  readonly fileSize: number;
  /** When the session last received a new chunk. It expires about 30 minutes later. */
  readonly modifiedDate: Date;
  /** The ranges that the server has not received, in ascending order. Empty when complete, whether committed or not. */
  readonly expectedRanges: readonly ByteRange[];
}

export interface SessionOptions extends OperationOptions {
  /** The GUID of the session, as sent with its first chunk. Not case-sensitive. */
  readonly sessionId: string;
}

export interface UploadFileChunkOptions extends SessionOptions, StorePathOptions, ContentSent {
  /** The position of the chunk in the file, in bytes from 0. */
  readonly startPosition: number;
  /** The size of the whole file in bytes. Must be the same for every chunk of a session. */
  readonly fileSize: number;
  /** The content: at least one byte, and nothing beyond the end of the file. */
  readonly chunk: Bytes;
}

export function decodeUploadSessions(answer: Schemas["UploadSession"]): UploadSession[] {
  return wireList("UploadSessions", answer.UploadSessions).map(decodeUploadSession);
}

/** Decodes the response for one session ID, which must contain exactly that session. */
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
    storeRelativePath: wireString("StoreRelativePath", session.StoreRelativePath),
    sessionId: wireString("SessionId", session.SessionId),
    fileSize,
    modifiedDate: wireDate("ModifiedDate", session.ModifiedDate),
    expectedRanges: decodeExpectedRanges(session.ExpectedRanges, fileSize),
  };
}

/** Validates the ranges because they decide what to send: inclusive, ascending, not adjacent, inside the file. */
function decodeExpectedRanges(
  wire: Schemas["UploadChunkRange"][] | undefined,
  fileSize: number,
): ByteRange[] {
  const ranges = wireList("ExpectedRanges", wire).map((range) => ({
    startPosition: wireInteger("StartPosition", range.StartPosition),
    endPosition: wireInteger("EndPosition", range.EndPosition),
  }));
  // For an empty file, servers report the impossible range 0 to 0 (protocol §2.4).
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
