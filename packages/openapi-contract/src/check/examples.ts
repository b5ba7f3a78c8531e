import { escapePart } from "../document/json.js";
import type { ViolationCode } from "./codes.js";
import type { Contract, HeaderContract, OperationContract, ResponseContract } from "./contract.js";
import {
  type BodyContract,
  isMembers,
  type Members,
  missing,
  readTexts,
  shown,
  UnreadBody,
  type Violation,
  violation,
} from "./values.js";

const knownMembers = new Set(["operationId", "title", "description", "parameters", "responses"]);

/**
 * Holds one example in the `x-ms-examples` form to the contract. An empty list: it keeps it. `isReal` says that it was made
 * of real traffic, whose responses have undeclared headers.
 */
export function checkExample(contract: Contract, example: unknown, { isReal = false } = {}): Violation[] {
  if (!isMembers(example)) return [malformed("#", "an example object")];
  const { operationId, parameters, responses } = example;
  const operation = typeof operationId === "string" ? contract.get(operationId) : undefined;
  if (operation === undefined) return [unknownOperation(operationId)];
  const strangers = Object.keys(example).filter((name) => !knownMembers.has(name) && !name.startsWith("x-"));
  const violations = strangers.map((name) =>
    unknownName("EXAMPLE_PART_UNKNOWN", `#/${escapePart(name)}`, "an example has no such part"),
  );
  if (isMembers(parameters)) violations.push(...checkParameters(operation, parameters));
  else violations.push(malformed("#/parameters", "an object with the parameters by name"));
  if (isMembers(responses) && Object.keys(responses).length > 0)
    violations.push(...checkResponses(operation, responses, isReal));
  else violations.push(malformed("#/responses", "at least one response"));
  return [...violations, ...(operation.meaning?.(members(parameters), members(responses)) ?? [])];
}

function malformed(pointer: string, expected: string): Violation {
  return violation({ code: "EXAMPLE_INVALID", pointer, expected });
}

function unknownOperation(operationId: unknown): Violation {
  const pointer = "#/operationId";
  if (operationId !== undefined)
    return violation({
      code: "OPERATION_UNKNOWN",
      pointer,
      expected: "an operation of the contract",
      actual: operationId,
    });
  const expected = "an operationId, or an operation that names this file under x-ms-examples";
  return violation({ code: "EXAMPLE_OPERATION_MISSING", pointer, expected });
}

function checkParameters(operation: OperationContract, all: Members): Violation[] {
  const { body } = operation;
  const { fields, given } = body === undefined ? { fields: {}, given: all } : withoutFields(body, all);
  const isOmitted = body?.fields === undefined || isGiven(all, body.name) || !body.required;
  const isFlat = Object.keys(fields).length > 0 || !isOmitted;
  const declared = [...operation.parameters, ...(body === undefined || isFlat ? [] : [body])];
  const names = [...operation.parameters, ...(body === undefined ? [] : [body])].map(({ name }) => name);
  const lacking = declared
    .filter(({ name, required }) => required && !isGiven(given, name))
    .map(({ name }) => missing("PARAMETER_MISSING", "#/parameters", `the parameter ${shown(name)}`));
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const pointer = `#/parameters/${escapePart(name)}`;
    const parameter = declared.find((candidate) => candidate.name === name);
    if (parameter !== undefined)
      return [...parameter.check(value, pointer), ...doubleSlash(operation, name, value)];
    const known = `${operation.id} has ${[...names, ...(body?.fields?.keys() ?? [])].join(", ")}`;
    const code =
      value instanceof Uint8Array || value instanceof UnreadBody
        ? "REQUEST_BODY_UNEXPECTED"
        : "PARAMETER_UNKNOWN";
    return [unknownName(code, pointer, known)];
  });
  return [...lacking, ...wrong, ...(isFlat && body !== undefined ? body.check(fields, "#/parameters") : [])];
}

/** A slash at the begin of a value doubles the one of the URL. Path separators inside the value are its own affair. */
function doubleSlash({ path }: OperationContract, name: string, value: unknown): Violation[] {
  if (typeof value !== "string" || !value.startsWith("/") || !path.includes(`/{${name}}`)) return [];
  const pointer = `#/parameters/${escapePart(name)}`;
  const expected = `a value without a slash at its begin, because the URL has one before {${name}}`;
  return [violation({ code: "PATH_PARAMETER_SLASH", pointer, expected, actual: value })];
}

/** The fields of a form that stand among the parameters one by one, and the rest. */
function withoutFields({ fields }: BodyContract, given: Members): { fields: Members; given: Members } {
  const isField = ([name]: [string, unknown]) => fields?.has(name) === true;
  const all = Object.entries(given);
  return {
    fields: Object.fromEntries(all.filter(isField)),
    given: Object.fromEntries(all.filter((entry) => !isField(entry))),
  };
}

/** Names are the document's: `constructor` is given only where an example says it. */
function isGiven(given: Members, name: string): boolean {
  return Object.hasOwn(given, name) && given[name] !== undefined;
}

function checkResponses(operation: OperationContract, responses: Members, isReal: boolean): Violation[] {
  return Object.entries(responses).flatMap(([status, response]) => {
    const pointer = `#/responses/${escapePart(status)}`;
    const expected = responseFor(operation, status);
    if (expected === undefined) {
      const documented = [...operation.responses.keys()].join(", ");
      const wanted = `a documented status (${documented})`;
      return [
        violation({
          code: "STATUS_NOT_DOCUMENTED",
          pointer,
          expected: wanted,
          message: `expected ${wanted}, got ${status}`,
          actual: status,
        }),
      ];
    }
    if (!isMembers(response)) return [malformed(pointer, "a response object")];
    const strangers = Object.keys(response).filter((name) => name !== "headers" && name !== "body");
    return [
      ...strangers.map((name) =>
        unknownName(
          "EXAMPLE_PART_UNKNOWN",
          `${pointer}/${escapePart(name)}`,
          "a response has headers and body",
        ),
      ),
      ...checkHeaders(expected.headers, response["headers"], `${pointer}/headers`, isReal),
      ...checkBody(expected, response["body"], `${pointer}/body`),
    ];
  });
}

/**
 * `default` stands for failures: taking it for a success would let an undocumented one pass. Only an operation that
 * documents no success at all can mean success by it too.
 */
export function responseFor({ responses }: OperationContract, status: string): ResponseContract | undefined {
  if (!/^[1-5]\d\d$/.test(status)) return undefined;
  const exact = responses.get(status) ?? responses.get(`${status.charAt(0)}XX`);
  const isOpen = status.startsWith("2") && ![...responses.keys()].some((known) => known.startsWith("2"));
  return exact ?? (status >= "400" || isOpen ? responses.get("default") : undefined);
}

function checkBody({ contentType, check }: ResponseContract, body: unknown, pointer: string): Violation[] {
  if (contentType === undefined) {
    const code = "RESPONSE_BODY_UNEXPECTED";
    return body === undefined ? [] : [violation({ code, pointer, expected: "no body", actual: body })];
  }
  return body === undefined ? [missing("RESPONSE_BODY_MISSING", pointer, "a body")] : check(body, pointer);
}

function unknownName(code: ViolationCode, pointer: string, known: string): Violation {
  return violation({ code, pointer, expected: `nothing of this name: ${known}` });
}

function members(value: unknown): Members {
  return isMembers(value) ? value : {};
}

/**
 * Checks that the headers of a response are declared. In an example file, others are an error, as other properties
 * are: a header in an example belongs to the API. Real responses have headers of the protocol and of proxies as well.
 */
function checkHeaders(
  declared: readonly HeaderContract[],
  headers: unknown,
  pointer: string,
  isReal: boolean,
): Violation[] {
  const given = headers ?? {};
  if (!isMembers(given)) return [malformed(pointer, "an object with the headers by name")];
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const lacking = declared
    .filter(({ name, required }) => required && !names.has(name.toLowerCase()))
    .map(({ name }) => missing("HEADER_MISSING", pointer, `the header ${shown(name)}`));
  const wrong = Object.entries(given).flatMap(([name, value]): Violation[] => {
    const place = `${pointer}/${escapePart(name)}`;
    const header = declared.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!isText(value))
      return [violation({ code: "TYPE_INVALID", pointer: place, expected: "a text", actual: value })];
    if (header !== undefined) return header.check(readTexts(header.form, [String(value)]), place);
    // The content says it: documents never declare this one.
    if (isReal || name.toLowerCase() === "content-type") return [];
    const known = declared.map((each) => each.name).join(", ") || "no header";
    return [unknownName("HEADER_UNKNOWN", place, `the answer declares ${known}`)];
  });
  return [...lacking, ...wrong];
}

/** Examples write the text of a number as that number. */
function isText(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
