import {
  bodyLength,
  isMembers,
  type Members,
  type RulePlugin,
  shown,
  type Violation,
  violation,
} from "openapi-contract";
import { applicationRules } from "./applications/rules.js";

const error = (meaning: string) => ({ severity: "error", meaning }) as const;

/** Rules of the APIs that their schemas cannot express. */
export const rules: RulePlugin = {
  codes: {
    ...applicationRules.codes,
    SESSION_NOT_UNIQUE: error("A response for one session ID contains no session, or several."),
    SESSION_MISMATCH: error("The response contains a session that was not requested."),
    SESSION_REPEATED: error("The response contains the same session twice."),
    RANGE_INVALID: error("A range of bytes ends before it begins."),
    RANGE_OUTSIDE_FILE: error("A range of bytes goes beyond the end of the file."),
    RANGES_NOT_ASCENDING: error("Expected ranges overlap, touch, or do not ascend."),
    CHUNK_LENGTH_MISMATCH: error("A chunk does not have the length that Content-Range announces."),
  },
  operations: {
    ...applicationRules.operations,
    GetImageStoreUploadSessionById: (parameters, responses) =>
      sessionsOf(responses, (sessions, pointer) =>
        onlySessionAskedFor(sessions, String(parameters["session-id"]), pointer),
      ),
    GetImageStoreUploadSessionByPath: (parameters, responses) =>
      sessionsOf(responses, (sessions, pointer) =>
        sessionsOfPath(sessions, String(parameters["contentPath"]), pointer),
      ),
    UploadFileChunk: (parameters) => chunkFits(parameters),
  },
};

/** Applies the rules for all responses with sessions, and `check`. */
function sessionsOf(
  responses: Members,
  check: (sessions: readonly Members[], pointer: string) => Violation[],
): Violation[] {
  const response = responses["200"];
  const body = isMembers(response) ? response["body"] : undefined;
  const sessions = isMembers(body) ? body["UploadSessions"] : undefined;
  if (!Array.isArray(sessions)) return [];
  const pointer = "#/responses/200/body/UploadSessions";
  const found = sessions.map((session) => (isMembers(session) ? session : {}));
  return [
    ...check(found, pointer),
    ...found.flatMap((session, index) => rangesFit(session, `${pointer}/${index}`)),
  ];
}

function onlySessionAskedFor(sessions: readonly Members[], id: string, pointer: string): Violation[] {
  const [session] = sessions;
  if (session === undefined || sessions.length > 1) {
    const expected = "exactly one session for an id";
    return [violation({ code: "SESSION_NOT_UNIQUE", pointer, expected, actual: sessions.length })];
  }
  const { SessionId } = session;
  if (typeof SessionId !== "string" || SessionId.toLowerCase() === id.toLowerCase()) return [];
  const expected = `the requested session, ${id}`;
  return [
    violation({ code: "SESSION_MISMATCH", pointer: `${pointer}/0/SessionId`, expected, actual: SessionId }),
  ];
}

function sessionsOfPath(sessions: readonly Members[], path: string, pointer: string): Violation[] {
  // Ids are GUIDs, which ignore case.
  const ids = sessions.map(({ SessionId }) =>
    typeof SessionId === "string" ? SessionId.toLowerCase() : undefined,
  );
  return sessions.flatMap(({ StoreRelativePath }, index) => {
    const id = ids[index];
    const violations: Violation[] = [];
    if (typeof StoreRelativePath === "string" && StoreRelativePath !== path) {
      violations.push(
        violation({
          code: "SESSION_MISMATCH",
          pointer: `${pointer}/${index}/StoreRelativePath`,
          expected: `the requested path, ${shown(path)}`,
          actual: StoreRelativePath,
        }),
      );
    }
    if (id !== undefined && ids.indexOf(id) !== index) {
      const place = `${pointer}/${index}/SessionId`;
      violations.push(violation({ code: "SESSION_REPEATED", pointer: place, expected: "each session once" }));
    }
    return violations;
  });
}

/** Expected ranges include both ends, ascend, neither overlap nor touch, and lie inside the file (protocol §2.4). */
function rangesFit({ FileSize, ExpectedRanges }: Members, sessionPointer: string): Violation[] {
  if (!Array.isArray(ExpectedRanges)) return [];
  const size = integer(FileSize);
  // For an empty file, the server expects the range 0 to 0.
  const last = size === 0n ? 0n : size === undefined ? undefined : size - 1n;
  let previous: bigint | undefined;
  return ExpectedRanges.flatMap((range, index) => {
    const start = isMembers(range) ? integer(range["StartPosition"]) : undefined;
    const end = isMembers(range) ? integer(range["EndPosition"]) : undefined;
    if (start === undefined || end === undefined) return [];
    const violations: Violation[] = [];
    const report = (code: string, name: string, expected: string, got: bigint) => {
      const pointer = `${sessionPointer}/ExpectedRanges/${index}/${name}`;
      const message = `expected ${expected}, got ${got}`;
      violations.push(violation({ code, pointer, expected, message, actual: String(got) }));
    };
    if (end < start)
      report("RANGE_INVALID", "EndPosition", `a last byte at or after the first, ${start}`, end);
    if (last !== undefined && end > last)
      report("RANGE_OUTSIDE_FILE", "EndPosition", `a byte inside the file, at most ${last}`, end);
    if (previous !== undefined && start <= previous + 1n) {
      const expected = `a gap after the previous range, which ends at ${previous}`;
      report("RANGES_NOT_ASCENDING", "StartPosition", expected, start);
    }
    previous = end;
    return violations;
  });
}

function chunkFits(parameters: Members): Violation[] {
  const pointer = "#/parameters/Content-Range";
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(parameters["Content-Range"]));
  if (match === null) return [];
  const [start = 0n, end = 0n, size = 0n] = match.slice(1).map(BigInt);
  const actual = parameters["Content-Range"];
  if (end < start) {
    const expected = `a last byte at or after the first, ${start}`;
    return [violation({ code: "RANGE_INVALID", pointer, expected, actual })];
  }
  if (end >= size) {
    const expected = `a range inside the file of ${size} bytes`;
    return [violation({ code: "RANGE_OUTSIDE_FILE", pointer, expected, actual })];
  }
  const got = bodyLength(parameters["chunk"]);
  const length = end - start + 1n;
  if (got === undefined || BigInt(got) === length) return [];
  const expected = `${length} bytes, as Content-Range says`;
  return [violation({ code: "CHUNK_LENGTH_MISMATCH", pointer: "#/parameters/chunk", expected, actual: got })];
}

/** Reads an integer from a number or a string. The schema reports a wrong type; these rules still check the value. */
function integer(value: unknown): bigint | undefined {
  const isWhole = typeof value === "string" ? /^-?\d+$/.test(value) : Number.isSafeInteger(value);
  return isWhole ? BigInt(String(value)) : undefined;
}
