import type { Schemas } from "@sf-image-store/types";
import type { OperationContract } from "./contract.js";
import { shown, type Violation } from "./violation.js";

type Members = Readonly<Record<string, unknown>>;
type Session = Schemas["UploadSessionInfo"];
type Rule = (parameters: Members, responses: Members) => Violation[];

/** What the schema of an operation cannot say, by operationId. Asked only for examples that keep the schema. */
const rules: Readonly<Record<string, Rule>> = {
  GetImageStoreUploadSessionById: (parameters, responses) =>
    sessionsOf(responses, (sessions, pointer) => [
      ...onlySessionAskedFor(sessions, String(parameters["session-id"]), pointer),
      ...sessions.flatMap((session, index) => rangesFit(session, `${pointer}/${index}`)),
    ]),
  GetImageStoreUploadSessionByPath: (parameters, responses) =>
    sessionsOf(responses, (sessions, pointer) => [
      ...sessionsOfPath(sessions, String(parameters["contentPath"]), pointer),
      ...sessions.flatMap((session, index) => rangesFit(session, `${pointer}/${index}`)),
    ]),
  UploadFileChunk: (parameters) => chunkFits(parameters),
};

export function checkMeaning(
  operation: OperationContract,
  parameters: Members,
  responses: Members,
): Violation[] {
  return rules[operation.id]?.(parameters, responses) ?? [];
}

function sessionsOf(
  responses: Members,
  check: (sessions: readonly Session[], pointer: string) => Violation[],
): Violation[] {
  const response = responses["200"];
  if (!isUploadSessionResponse(response)) return [];
  return check(response.body.UploadSessions, "#/responses/200/body/UploadSessions");
}

/** The schema has been checked before; a contract with another schema has no sessions to judge. */
function isUploadSessionResponse(response: unknown): response is { body: Schemas["UploadSession"] } {
  if (typeof response !== "object" || response === null || !("body" in response)) return false;
  const { body } = response;
  return (
    typeof body === "object" &&
    body !== null &&
    "UploadSessions" in body &&
    Array.isArray(body.UploadSessions)
  );
}

function onlySessionAskedFor(sessions: readonly Session[], id: string, pointer: string): Violation[] {
  const [session] = sessions;
  if (session === undefined || sessions.length > 1) {
    return [{ pointer, message: `expected exactly one session for an id, got ${sessions.length}` }];
  }
  if (session.SessionId?.toLowerCase() === id.toLowerCase()) return [];
  const got = `got ${shown(session.SessionId)}`;
  return [
    { pointer: `${pointer}/0/SessionId`, message: `expected the session that was asked for, ${id}, ${got}` },
  ];
}

function sessionsOfPath(sessions: readonly Session[], path: string, pointer: string): Violation[] {
  const strangers = sessions.flatMap(({ StoreRelativePath }, index) =>
    StoreRelativePath === path
      ? []
      : [
          {
            pointer: `${pointer}/${index}/StoreRelativePath`,
            message: `expected the path that was asked for, ${shown(path)}, got ${shown(StoreRelativePath)}`,
          },
        ],
  );
  const repeated = sessions.flatMap(({ SessionId }, index) =>
    sessions.findIndex((other) => other.SessionId === SessionId) === index
      ? []
      : [{ pointer: `${pointer}/${index}/SessionId`, message: "expected each session once" }],
  );
  return [...strangers, ...repeated];
}

/** Expected ranges include both ends, ascend, neither overlap nor touch, and lie inside the file (protocol §2.4). */
function rangesFit({ FileSize, ExpectedRanges = [] }: Session, sessionPointer: string): Violation[] {
  const size = BigInt(FileSize ?? 0);
  // An empty file is one missing position that does not exist: 0 to 0.
  const last = size === 0n ? 0n : size - 1n;
  let previous: bigint | undefined;
  return ExpectedRanges.flatMap(({ StartPosition, EndPosition }, index) => {
    const pointer = `${sessionPointer}/ExpectedRanges/${index}`;
    const start = BigInt(StartPosition ?? 0);
    const end = BigInt(EndPosition ?? 0);
    const violations: Violation[] = [];
    if (end < start) {
      const message = `expected a last byte at or after the first, ${start}, got ${end}`;
      violations.push({ pointer: `${pointer}/EndPosition`, message });
    }
    if (end > last) {
      const message = `expected a byte inside the file, at most ${last}, got ${end}`;
      violations.push({ pointer: `${pointer}/EndPosition`, message });
    }
    if (previous !== undefined && start <= previous + 1n) {
      const message = `expected a gap after the previous range, which ends at ${previous}, got ${start}`;
      violations.push({ pointer: `${pointer}/StartPosition`, message });
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
  if (end < start)
    return [{ pointer, message: `expected a last byte at or after the first, ${start}, got ${end}` }];
  if (end >= size) {
    return [{ pointer, message: `expected a range inside the file of ${size} bytes, got an end at ${end}` }];
  }
  const { chunk } = parameters;
  const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
  const length = end - start + 1n;
  return bytes instanceof Uint8Array && BigInt(bytes.byteLength) !== length
    ? [
        {
          pointer: "#/parameters/chunk",
          message: `expected ${length} bytes as announced, got ${bytes.byteLength}`,
        },
      ]
    : [];
}
