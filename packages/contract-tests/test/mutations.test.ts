import { checkExample } from "openapi-contract";
import { describe, expect, it } from "vitest";
import { example, ownContract } from "./contract.js";

const contract = await ownContract();
const session = "#/responses/200/body/UploadSessions/0";
const id = "4a2340e8-d8d8-497c-95fe-cdaa1052f33b";

type Mutable = { [name: string]: Mutable };

/** Sets the value at a JSON pointer, or removes it if the value is undefined. */
function set(target: unknown, pointer: string, value: unknown): void {
  const parts = pointer.slice(2).split("/");
  const last = parts.pop() ?? "";
  let place = target as Mutable;
  for (const part of parts) place = place[part] as Mutable;
  if (value === undefined) delete place[last];
  else place[last] = value as Mutable;
}

const at = (pointer: string, value: unknown) => ({ [pointer]: value });
const ranges = (...pairs: [string, string][]) =>
  at(
    `${session}/ExpectedRanges`,
    pairs.map(([StartPosition, EndPosition]) => ({ StartPosition, EndPosition })),
  );

/** Changes of the example of a session, with the pointer, code and message that must be reported. */
const mutations: [string, Record<string, unknown>, string, string, string][] = [
  [
    "an unknown operation",
    at("#/operationId", "GetSession"),
    "#/operationId",
    "OPERATION_UNKNOWN",
    "an operation of the contract",
  ],
  [
    "a part examples do not have",
    at("#/response", {}),
    "#/response",
    "EXAMPLE_PART_UNKNOWN",
    "an example has no such part",
  ],
  [
    "no parameters",
    at("#/parameters", undefined),
    "#/parameters",
    "EXAMPLE_INVALID",
    "an object with the parameters",
  ],
  [
    "a required parameter missing",
    at("#/parameters/session-id", undefined),
    "#/parameters",
    "PARAMETER_MISSING",
    '"session-id", which is missing',
  ],
  [
    "the version missing",
    at("#/parameters/api-version", undefined),
    "#/parameters",
    "PARAMETER_MISSING",
    '"api-version", which is missing',
  ],
  [
    "another version",
    at("#/parameters/api-version", "6.1"),
    "#/parameters/api-version",
    "ENUM_VALUE_UNKNOWN",
    'one of "6.0", got "6.1"',
  ],
  [
    "an unknown parameter",
    at("#/parameters/sessionId", id),
    "#/parameters/sessionId",
    "PARAMETER_UNKNOWN",
    "nothing of this name",
  ],
  [
    "a malformed GUID",
    at("#/parameters/session-id", "4a2340e8"),
    "#/parameters/session-id",
    "FORMAT_INVALID",
    "a GUID in the form",
  ],
  [
    "a GUID as URN",
    at("#/parameters/session-id", `urn:uuid:${id}`),
    "#/parameters/session-id",
    "FORMAT_INVALID",
    "a GUID in the form",
  ],
  [
    "an operationId in a list",
    at("#/operationId", ["GetImageStoreUploadSessionById"]),
    "#/operationId",
    "OPERATION_UNKNOWN",
    "an operation",
  ],
  [
    "a number sent as text",
    at("#/parameters/timeout", "60"),
    "#/parameters/timeout",
    "TYPE_INVALID",
    'integer, got "60"',
  ],
  [
    "a time-out below its limit",
    at("#/parameters/timeout", 0),
    "#/parameters/timeout",
    "NUMBER_TOO_SMALL",
    "a number >= 1, got 0",
  ],
  [
    "one above it",
    at("#/parameters/timeout", 4294967296),
    "#/parameters/timeout",
    "NUMBER_TOO_LARGE",
    "a number <= 4294967295",
  ],
  [
    "half a second",
    at("#/parameters/timeout", 0.5),
    "#/parameters/timeout",
    "TYPE_INVALID",
    "integer, got 0.5",
  ],
  ["no response", at("#/responses", {}), "#/responses", "EXAMPLE_INVALID", "at least one response"],
  [
    "an undocumented status",
    at("#/responses", { 201: { headers: {} } }),
    "#/responses/201",
    "STATUS_NOT_DOCUMENTED",
    "a documented status (200, 204, default)",
  ],
  [
    "a status that is none",
    at("#/responses", { ok: { headers: {} } }),
    "#/responses/ok",
    "STATUS_NOT_DOCUMENTED",
    "a documented status",
  ],
  [
    "a body with 204",
    at("#/responses", { 204: { headers: {}, body: {} } }),
    "#/responses/204/body",
    "RESPONSE_BODY_UNEXPECTED",
    "no body",
  ],
  [
    "no body with 200",
    at("#/responses/200/body", undefined),
    "#/responses/200/body",
    "RESPONSE_BODY_MISSING",
    "a body, which is missing",
  ],
  [
    "an unknown part of a response",
    at("#/responses/200/status", 200),
    "#/responses/200/status",
    "EXAMPLE_PART_UNKNOWN",
    "nothing of this name",
  ],
  [
    "a header that is no text",
    at("#/responses/200/headers", { A: {} }),
    "#/responses/200/headers/A",
    "TYPE_INVALID",
    "a text, got {}",
  ],
  [
    "an undeclared header",
    at("#/responses/200/headers", { A: "1" }),
    "#/responses/200/headers/A",
    "HEADER_UNKNOWN",
    "nothing of this name: the answer declares no header",
  ],
  [
    "a list as body",
    at("#/responses/200/body", []),
    "#/responses/200/body",
    "TYPE_INVALID",
    "object, got []",
  ],
  [
    "a property missing",
    at(`${session}/FileSize`, undefined),
    session,
    "REQUIRED_PROPERTY_MISSING",
    'the property "FileSize", which is missing',
  ],
  [
    "an unknown property",
    at(`${session}/Size`, "1"),
    `${session}/Size`,
    "UNKNOWN_PROPERTY",
    "no property of this name",
  ],
  [
    "a property in the wrong case",
    at(`${session}/fileSize`, "1"),
    `${session}/fileSize`,
    "UNKNOWN_PROPERTY",
    "no property of this name",
  ],
  [
    "a size as number",
    at(`${session}/FileSize`, 2097152),
    `${session}/FileSize`,
    "TYPE_INVALID",
    "string, got 2097152",
  ],
  [
    "a size that is no number",
    at(`${session}/FileSize`, "2 MB"),
    `${session}/FileSize`,
    "FORMAT_INVALID",
    "the digits of a 64-bit integer",
  ],
  [
    "a size of 65 bits",
    at(`${session}/FileSize`, "9223372036854775808"),
    `${session}/FileSize`,
    "FORMAT_INVALID",
    "a 64-bit integer",
  ],
  [
    "a negative size",
    at(`${session}/FileSize`, "-1"),
    `${session}/FileSize`,
    "PATTERN_MISMATCH",
    "a text that matches",
  ],
  [
    "a size with a leading zero",
    at(`${session}/FileSize`, "02097152"),
    `${session}/FileSize`,
    "PATTERN_MISMATCH",
    "a text that matches",
  ],
  [
    "a date without time",
    at(`${session}/ModifiedDate`, "2017-09-28"),
    `${session}/ModifiedDate`,
    "FORMAT_INVALID",
    "a date and time",
  ],
  [
    "a date that does not exist",
    at(`${session}/ModifiedDate`, "2017-02-30T00:00:00Z"),
    `${session}/ModifiedDate`,
    "FORMAT_INVALID",
    "a date and time",
  ],
  [
    "a session id in braces",
    at(`${session}/SessionId`, `{${id}}`),
    `${session}/SessionId`,
    "FORMAT_INVALID",
    "a GUID in the form",
  ],
  [
    "null for a text",
    at(`${session}/StoreRelativePath`, null),
    `${session}/StoreRelativePath`,
    "TYPE_INVALID",
    "string, got null",
  ],
  [
    "a position missing",
    at(`${session}/ExpectedRanges/0/EndPosition`, undefined),
    `${session}/ExpectedRanges/0`,
    "REQUIRED_PROPERTY_MISSING",
    '"EndPosition"',
  ],
  [
    "no session",
    at("#/responses/200/body/UploadSessions", []),
    "#/responses/200/body/UploadSessions",
    "SESSION_NOT_UNIQUE",
    "exactly one session for an id, got 0",
  ],
  [
    "another session",
    at("#/parameters/session-id", id.replace("4a", "5a")),
    `${session}/SessionId`,
    "SESSION_MISMATCH",
    "the requested session",
  ],
  [
    "a range turned round",
    ranges(["9", "5"]),
    `${session}/ExpectedRanges/0/EndPosition`,
    "RANGE_INVALID",
    "a last byte at or after the first, 9, got 5",
  ],
  [
    "an exclusive end",
    ranges(["0", "2097152"]),
    `${session}/ExpectedRanges/0/EndPosition`,
    "RANGE_OUTSIDE_FILE",
    "a byte inside the file, at most 2097151",
  ],
  [
    "overlapping ranges",
    ranges(["0", "9"], ["5", "20"]),
    `${session}/ExpectedRanges/1/StartPosition`,
    "RANGES_NOT_ASCENDING",
    "a gap after the previous range",
  ],
  [
    "adjacent ranges",
    ranges(["0", "9"], ["10", "20"]),
    `${session}/ExpectedRanges/1/StartPosition`,
    "RANGES_NOT_ASCENDING",
    "a gap after the previous range",
  ],
  [
    "descending ranges",
    ranges(["50", "60"], ["0", "9"]),
    `${session}/ExpectedRanges/1/StartPosition`,
    "RANGES_NOT_ASCENDING",
    "a gap after the previous range",
  ],
];

describe("the checker reports", () => {
  it.each(mutations)("%s", (_, changes, pointer, code, words) => {
    const mutant = example("GetImageStoreUploadSessionById");
    expect(checkExample(contract, mutant)).toEqual([]);
    for (const [place, value] of Object.entries(changes)) set(mutant, place, value);
    expect(checkExample(contract, mutant)).toContainEqual(
      expect.objectContaining({ code, severity: "error", pointer, message: expect.stringContaining(words) }),
    );
  });

  it("violations of the schema and of our rules in one run", () => {
    const mutant = example("GetImageStoreUploadSessionById");
    set(mutant, `${session}/FileSize`, 2097152);
    set(mutant, `${session}/ExpectedRanges/1/StartPosition`, "402129");
    expect(checkExample(contract, mutant).map(({ pointer }) => pointer)).toEqual([
      `${session}/FileSize`,
      `${session}/ExpectedRanges/1/StartPosition`,
    ]);
  });

  it("two sessions in a response for one id", () => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionById")));
    const { body } = mutant.responses[200];
    body.UploadSessions.push(body.UploadSessions[0]);
    expect(checkExample(contract, mutant)).toEqual([
      {
        code: "SESSION_NOT_UNIQUE",
        severity: "error",
        pointer: "#/responses/200/body/UploadSessions",
        message: "expected exactly one session for an id, got 2",
        expected: "exactly one session for an id",
        actual: "2",
      },
    ]);
  });

  it.each([
    ["the same session twice", (first: string) => first],
    ["the same session twice, once in another case", (first: string) => first.toUpperCase()],
  ])("%s in an answer for a path", (_, spell) => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionByPath")));
    expect(checkExample(contract, mutant)).toEqual([]);
    const [first, second] = mutant.responses[200].body.UploadSessions;
    second.SessionId = spell(first.SessionId);
    expect(checkExample(contract, mutant)).toEqual([
      {
        code: "SESSION_REPEATED",
        severity: "error",
        pointer: "#/responses/200/body/UploadSessions/1/SessionId",
        message: "expected each session once",
        expected: "each session once",
      },
    ]);
  });

  it("a session of another path in a response for a path", () => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionByPath")));
    mutant.responses[200].body.UploadSessions[1].StoreRelativePath = "SwaggerTest\\Other.dll";
    expect(checkExample(contract, mutant)).toEqual([
      expect.objectContaining({
        code: "SESSION_MISMATCH",
        pointer: "#/responses/200/body/UploadSessions/1/StoreRelativePath",
        message: expect.stringMatching(/^expected the requested path, .*Common.*, got .*Other/),
      }),
    ]);
  });

  it("leaves ids of the wrong form to the schema", () => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionByPath")));
    for (const each of mutant.responses[200].body.UploadSessions) delete each.SessionId;
    const messages = checkExample(contract, mutant).map(({ message }) => message);
    expect(messages).toHaveLength(2);
    expect(messages).not.toContain("expected each session once");
  });

  it.each<[string, unknown, string, string, string]>([
    [
      "an error without a code",
      { Error: { Message: "No." } },
      "#/responses/400/body/Error",
      "REQUIRED_PROPERTY_MISSING",
      '"Code", which is missing',
    ],
    [
      "an error in lower case",
      { error: {} },
      "#/responses/400/body",
      "REQUIRED_PROPERTY_MISSING",
      '"Error", which is missing',
    ],
    [
      "a code that is a number",
      { Error: { Code: 1 } },
      "#/responses/400/body/Error/Code",
      "TYPE_INVALID",
      "string, got 1",
    ],
  ])("%s", (_, body, pointer, code, words) => {
    const mutant = {
      ...example("GetImageStoreUploadSessionById.invalid-session-id"),
      responses: { 400: { headers: {}, body } },
    };
    expect(checkExample(contract, mutant)).toContainEqual(
      expect.objectContaining({ code, pointer, message: expect.stringContaining(words) }),
    );
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    [
      "a chunk of another length than announced",
      { chunk: "1234" },
      "#/parameters/chunk",
      "CHUNK_LENGTH_MISMATCH",
    ],
    [
      "a chunk that ends behind the file",
      { "Content-Range": "bytes 5-10/10" },
      "#/parameters/Content-Range",
      "RANGE_OUTSIDE_FILE",
    ],
    [
      "a chunk that ends before it begins",
      { "Content-Range": "bytes 5-4/10" },
      "#/parameters/Content-Range",
      "RANGE_INVALID",
    ],
    [
      "a range without its unit",
      { "Content-Range": "0-4/10" },
      "#/parameters/Content-Range",
      "PATTERN_MISMATCH",
    ],
    ["a chunk without bytes", { chunk: undefined }, "#/parameters", "PARAMETER_MISSING"],
  ])("%s", (_, change, pointer, code) => {
    const parameters = {
      "api-version": "6.0",
      contentPath: "App/a.bin",
      "session-id": id,
      "Content-Range": "bytes 0-4/10",
      chunk: "12345",
    };
    const upload = { operationId: "UploadFileChunk", description: "", responses: { 200: { headers: {} } } };
    expect(checkExample(contract, { ...upload, parameters })).toEqual([]);
    const mutant = { ...upload, parameters: { ...parameters, ...change } };
    expect(checkExample(contract, mutant)).toContainEqual(expect.objectContaining({ code, pointer }));
  });

  it("a file that is not an example", () => {
    expect(checkExample(contract, "text")).toEqual([
      {
        code: "EXAMPLE_INVALID",
        severity: "error",
        pointer: "#",
        message: "expected an example object",
        expected: "an example object",
      },
    ]);
  });

  it("but not an unlisted error code or the impossible range of an empty file", () => {
    const unlisted = { Error: { Code: "SomethingNew", Message: "Null" } };
    const failed = { 500: { headers: {}, body: unlisted } };
    expect(
      checkExample(contract, { ...example("GetImageStoreUploadSessionById"), responses: failed }),
    ).toEqual([]);
    const empty = example("GetImageStoreUploadSessionById");
    set(empty, `${session}/FileSize`, "0");
    set(empty, `${session}/ExpectedRanges`, [{ StartPosition: "0", EndPosition: "0" }]);
    expect(checkExample(contract, empty)).toEqual([]);
  });
});
