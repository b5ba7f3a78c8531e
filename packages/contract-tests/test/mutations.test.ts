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

/** Changes of the example of a session, with the pointer and message that must be reported. */
const mutations: [string, Record<string, unknown>, string, string][] = [
  [
    "an operation nobody knows",
    at("#/operationId", "GetSession"),
    "#/operationId",
    "an operation of the contract",
  ],
  ["a part examples do not have", at("#/response", {}), "#/response", "an example has no such part"],
  ["no parameters", at("#/parameters", undefined), "#/parameters", "an object with the parameters"],
  [
    "a required parameter missing",
    at("#/parameters/session-id", undefined),
    "#/parameters",
    '"session-id", which is missing',
  ],
  [
    "the version missing",
    at("#/parameters/api-version", undefined),
    "#/parameters",
    '"api-version", which is missing',
  ],
  [
    "another version",
    at("#/parameters/api-version", "6.1"),
    "#/parameters/api-version",
    'one of "6.0", got "6.1"',
  ],
  [
    "an unknown parameter",
    at("#/parameters/sessionId", id),
    "#/parameters/sessionId",
    "nothing of this name",
  ],
  [
    "a malformed GUID",
    at("#/parameters/session-id", "4a2340e8"),
    "#/parameters/session-id",
    "a GUID in the form",
  ],
  [
    "a GUID as URN",
    at("#/parameters/session-id", `urn:uuid:${id}`),
    "#/parameters/session-id",
    "a GUID in the form",
  ],
  [
    "an operationId in a list",
    at("#/operationId", ["GetImageStoreUploadSessionById"]),
    "#/operationId",
    "an operation",
  ],
  ["a number sent as text", at("#/parameters/timeout", "60"), "#/parameters/timeout", 'integer, got "60"'],
  [
    "a time-out below its limit",
    at("#/parameters/timeout", 0),
    "#/parameters/timeout",
    "a number >= 1, got 0",
  ],
  ["one above it", at("#/parameters/timeout", 4294967296), "#/parameters/timeout", "a number <= 4294967295"],
  ["half a second", at("#/parameters/timeout", 0.5), "#/parameters/timeout", "integer, got 0.5"],
  ["no response", at("#/responses", {}), "#/responses", "at least one response"],
  [
    "a status nobody documents",
    at("#/responses", { 201: { headers: {} } }),
    "#/responses/201",
    "a documented status (200, 204, default)",
  ],
  [
    "a status that is none",
    at("#/responses", { ok: { headers: {} } }),
    "#/responses/ok",
    "a documented status",
  ],
  [
    "a body with 204",
    at("#/responses", { 204: { headers: {}, body: {} } }),
    "#/responses/204/body",
    "no body",
  ],
  [
    "no body with 200",
    at("#/responses/200/body", undefined),
    "#/responses/200/body",
    "a body, which is missing",
  ],
  [
    "an unknown part of a response",
    at("#/responses/200/status", 200),
    "#/responses/200/status",
    "nothing of this name",
  ],
  [
    "a header that is no text",
    at("#/responses/200/headers", { A: {} }),
    "#/responses/200/headers/A",
    "a text, got {}",
  ],
  [
    "a header nobody declares",
    at("#/responses/200/headers", { A: "1" }),
    "#/responses/200/headers/A",
    "nothing of this name: the answer declares no header",
  ],
  ["a list as body", at("#/responses/200/body", []), "#/responses/200/body", "object, got []"],
  [
    "a property missing",
    at(`${session}/FileSize`, undefined),
    session,
    'the property "FileSize", which is missing',
  ],
  ["an unknown property", at(`${session}/Size`, "1"), `${session}/Size`, "no property of this name"],
  [
    "a property in the wrong case",
    at(`${session}/fileSize`, "1"),
    `${session}/fileSize`,
    "no property of this name",
  ],
  ["a size as number", at(`${session}/FileSize`, 2097152), `${session}/FileSize`, "string, got 2097152"],
  [
    "a size that is no number",
    at(`${session}/FileSize`, "2 MB"),
    `${session}/FileSize`,
    "the digits of a 64-bit integer",
  ],
  [
    "a size of 65 bits",
    at(`${session}/FileSize`, "9223372036854775808"),
    `${session}/FileSize`,
    "a 64-bit integer",
  ],
  ["a negative size", at(`${session}/FileSize`, "-1"), `${session}/FileSize`, "a text that matches"],
  [
    "a size with a leading zero",
    at(`${session}/FileSize`, "02097152"),
    `${session}/FileSize`,
    "a text that matches",
  ],
  [
    "a date without time",
    at(`${session}/ModifiedDate`, "2017-09-28"),
    `${session}/ModifiedDate`,
    "a date and time",
  ],
  [
    "a date that does not exist",
    at(`${session}/ModifiedDate`, "2017-02-30T00:00:00Z"),
    `${session}/ModifiedDate`,
    "a date and time",
  ],
  [
    "a session id in braces",
    at(`${session}/SessionId`, `{${id}}`),
    `${session}/SessionId`,
    "a GUID in the form",
  ],
  [
    "null for a text",
    at(`${session}/StoreRelativePath`, null),
    `${session}/StoreRelativePath`,
    "string, got null",
  ],
  [
    "a position missing",
    at(`${session}/ExpectedRanges/0/EndPosition`, undefined),
    `${session}/ExpectedRanges/0`,
    '"EndPosition"',
  ],
  [
    "no session",
    at("#/responses/200/body/UploadSessions", []),
    "#/responses/200/body/UploadSessions",
    "exactly one session for an id, got 0",
  ],
  [
    "another session",
    at("#/parameters/session-id", id.replace("4a", "5a")),
    `${session}/SessionId`,
    "the requested session",
  ],
  [
    "a range turned round",
    ranges(["9", "5"]),
    `${session}/ExpectedRanges/0/EndPosition`,
    "a last byte at or after the first, 9, got 5",
  ],
  [
    "an exclusive end",
    ranges(["0", "2097152"]),
    `${session}/ExpectedRanges/0/EndPosition`,
    "a byte inside the file, at most 2097151",
  ],
  [
    "overlapping ranges",
    ranges(["0", "9"], ["5", "20"]),
    `${session}/ExpectedRanges/1/StartPosition`,
    "a gap after the previous range",
  ],
  [
    "adjacent ranges",
    ranges(["0", "9"], ["10", "20"]),
    `${session}/ExpectedRanges/1/StartPosition`,
    "a gap after the previous range",
  ],
  [
    "descending ranges",
    ranges(["50", "60"], ["0", "9"]),
    `${session}/ExpectedRanges/1/StartPosition`,
    "a gap after the previous range",
  ],
];

describe("the checker reports", () => {
  it.each(mutations)("%s", (_, changes, pointer, words) => {
    const mutant = example("GetImageStoreUploadSessionById");
    expect(checkExample(contract, mutant)).toEqual([]);
    for (const [place, value] of Object.entries(changes)) set(mutant, place, value);
    expect(checkExample(contract, mutant)).toContainEqual({
      pointer,
      message: expect.stringContaining(words),
    });
  });

  it("wrong form and wrong meaning in one run", () => {
    const mutant = example("GetImageStoreUploadSessionById");
    set(mutant, `${session}/FileSize`, 2097152);
    set(mutant, `${session}/ExpectedRanges/1/StartPosition`, "402129");
    expect(checkExample(contract, mutant).map(({ pointer }) => pointer)).toEqual([
      `${session}/FileSize`,
      `${session}/ExpectedRanges/1/StartPosition`,
    ]);
  });

  it("two sessions in an answer for one id", () => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionById")));
    const { body } = mutant.responses[200];
    body.UploadSessions.push(body.UploadSessions[0]);
    expect(checkExample(contract, mutant)).toEqual([
      {
        pointer: "#/responses/200/body/UploadSessions",
        message: "expected exactly one session for an id, got 2",
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
        pointer: "#/responses/200/body/UploadSessions/1/SessionId",
        message: "expected each session once",
      },
    ]);
  });

  it("a session of another path in an answer for a path", () => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionByPath")));
    mutant.responses[200].body.UploadSessions[1].StoreRelativePath = "SwaggerTest\\Other.dll";
    expect(checkExample(contract, mutant)).toEqual([
      {
        pointer: "#/responses/200/body/UploadSessions/1/StoreRelativePath",
        message: expect.stringMatching(/^expected the requested path, .*Common.*, got .*Other/),
      },
    ]);
  });

  it("leaves ids of the wrong form to the schema", () => {
    const mutant = JSON.parse(JSON.stringify(example("GetImageStoreUploadSessionByPath")));
    for (const each of mutant.responses[200].body.UploadSessions) delete each.SessionId;
    const messages = checkExample(contract, mutant).map(({ message }) => message);
    expect(messages).toHaveLength(2);
    expect(messages).not.toContain("expected each session once");
  });

  it.each<[string, unknown, string, string]>([
    [
      "an error without a code",
      { Error: { Message: "No." } },
      "#/responses/400/body/Error",
      '"Code", which is missing',
    ],
    ["an error in lower case", { error: {} }, "#/responses/400/body", '"Error", which is missing'],
    ["a code that is a number", { Error: { Code: 1 } }, "#/responses/400/body/Error/Code", "string, got 1"],
  ])("%s", (_, body, pointer, words) => {
    const mutant = {
      ...example("GetImageStoreUploadSessionById.invalid-session-id"),
      responses: { 400: { headers: {}, body } },
    };
    expect(checkExample(contract, mutant)).toContainEqual({
      pointer,
      message: expect.stringContaining(words),
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a chunk of another length than announced", { chunk: "1234" }, "#/parameters/chunk"],
    ["a chunk that ends behind the file", { "Content-Range": "bytes 5-10/10" }, "#/parameters/Content-Range"],
    ["a chunk that ends before it begins", { "Content-Range": "bytes 5-4/10" }, "#/parameters/Content-Range"],
    ["a range without its unit", { "Content-Range": "0-4/10" }, "#/parameters/Content-Range"],
    ["a chunk without bytes", { chunk: undefined }, "#/parameters"],
  ])("%s", (_, change, pointer) => {
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
    expect(checkExample(contract, mutant).map((violation) => violation.pointer)).toContain(pointer);
  });

  it("something that is no example at all", () => {
    expect(checkExample(contract, "text")).toEqual([{ pointer: "#", message: "expected an example object" }]);
  });

  it("but not an error code that no list holds, nor an empty file's one impossible range", () => {
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
