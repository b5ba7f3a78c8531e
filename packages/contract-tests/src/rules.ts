import { isMembers, type MeaningRules, type Members, shown, type Violation } from "openapi-contract";

/** Rules of the image store that its schemas cannot express. */
export const imageStoreRules: MeaningRules = new Map([
  [
    "GetImageStoreUploadSessionById",
    (parameters, responses) =>
      sessionsOf(responses, (sessions, pointer) =>
        onlySessionAskedFor(sessions, String(parameters["session-id"]), pointer),
      ),
  ],
  [
    "GetImageStoreUploadSessionByPath",
    (parameters, responses) =>
      sessionsOf(responses, (sessions, pointer) =>
        sessionsOfPath(sessions, String(parameters["contentPath"]), pointer),
      ),
  ],
  ["UploadFileChunk", (parameters) => chunkFits(parameters)],
]);

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
    return [{ pointer, message: `expected exactly one session for an id, got ${sessions.length}` }];
  }
  const { SessionId } = session;
  if (typeof SessionId !== "string" || SessionId.toLowerCase() === id.toLowerCase()) return [];
  const message = `expected the requested session, ${id}, got ${shown(SessionId)}`;
  return [{ pointer: `${pointer}/0/SessionId`, message }];
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
      const message = `expected the requested path, ${shown(path)}, got ${shown(StoreRelativePath)}`;
      violations.push({ pointer: `${pointer}/${index}/StoreRelativePath`, message });
    }
    if (id !== undefined && ids.indexOf(id) !== index) {
      violations.push({ pointer: `${pointer}/${index}/SessionId`, message: "expected each session once" });
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
    const report = (name: string, message: string) => {
      violations.push({ pointer: `${sessionPointer}/ExpectedRanges/${index}/${name}`, message });
    };
    if (end < start)
      report("EndPosition", `expected a last byte at or after the first, ${start}, got ${end}`);
    if (last !== undefined && end > last) {
      report("EndPosition", `expected a byte inside the file, at most ${last}, got ${end}`);
    }
    if (previous !== undefined && start <= previous + 1n) {
      report(
        "StartPosition",
        `expected a gap after the previous range, which ends at ${previous}, got ${start}`,
      );
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
          message: `expected ${length} bytes, as Content-Range says, got ${bytes.byteLength}`,
        },
      ]
    : [];
}

/** Reads an integer from a number or a string. The schema reports a wrong type; these rules still check the value. */
function integer(value: unknown): bigint | undefined {
  const isWhole = typeof value === "string" ? /^-?\d+$/.test(value) : Number.isSafeInteger(value);
  return isWhole ? BigInt(String(value)) : undefined;
}
