import { escapePart } from "../document/json.js";
import type { Contract, HeaderContract, OperationContract, ResponseContract } from "./contract.js";
import { type BodyContract, isMembers, type Members, readTexts, shown, type Violation } from "./values.js";

const knownMembers = new Set(["operationId", "title", "description", "parameters", "responses"]);

/**
 * Holds one example in the `x-ms-examples` form to the contract. An empty list: it keeps it. `isReal` says that it was made
 * of real traffic, whose answers have headers that nobody declares.
 */
export function checkExample(contract: Contract, example: unknown, { isReal = false } = {}): Violation[] {
  if (!isMembers(example)) return [{ pointer: "#", message: "expected an example object" }];
  const { operationId, parameters, responses } = example;
  const operation = typeof operationId === "string" ? contract.get(operationId) : undefined;
  if (operation === undefined) {
    const message =
      operationId === undefined
        ? "expected an operationId, or an operation that names this file under x-ms-examples"
        : `expected an operation of the contract, got ${shown(operationId)}`;
    return [{ pointer: "#/operationId", message }];
  }
  const strangers = Object.keys(example).filter((name) => !knownMembers.has(name) && !name.startsWith("x-"));
  const violations = strangers.map((name) =>
    unknownName(`#/${escapePart(name)}`, "an example has no such part"),
  );
  if (isMembers(parameters)) violations.push(...checkParameters(operation, parameters));
  else
    violations.push({ pointer: "#/parameters", message: "expected an object with the parameters by name" });
  if (isMembers(responses) && Object.keys(responses).length > 0)
    violations.push(...checkResponses(operation, responses, isReal));
  else violations.push({ pointer: "#/responses", message: "expected at least one response" });
  return [...violations, ...(operation.meaning?.(members(parameters), members(responses)) ?? [])];
}

function checkParameters(operation: OperationContract, all: Members): Violation[] {
  const { body } = operation;
  const { fields, given } = body === undefined ? { fields: {}, given: all } : withoutFields(body, all);
  const isOmitted = body?.fields === undefined || isGiven(all, body.name) || !body.required;
  const isFlat = Object.keys(fields).length > 0 || !isOmitted;
  const declared = [...operation.parameters, ...(body === undefined || isFlat ? [] : [body])];
  const names = [...operation.parameters, ...(body === undefined ? [] : [body])].map(({ name }) => name);
  const missing = declared
    .filter(({ name, required }) => required && !isGiven(given, name))
    .map(({ name }) => ({
      pointer: "#/parameters",
      message: `expected the parameter ${shown(name)}, which is missing`,
    }));
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const pointer = `#/parameters/${escapePart(name)}`;
    const parameter = declared.find((candidate) => candidate.name === name);
    return parameter === undefined
      ? [
          unknownName(
            pointer,
            `${operation.id} has ${[...names, ...(body?.fields?.keys() ?? [])].join(", ")}`,
          ),
        ]
      : parameter.check(value, pointer);
  });
  return [...missing, ...wrong, ...(isFlat && body !== undefined ? body.check(fields, "#/parameters") : [])];
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
      return [{ pointer, message: `expected a documented status (${documented}), got ${status}` }];
    }
    if (!isMembers(response)) return [{ pointer, message: "expected a response object" }];
    const strangers = Object.keys(response).filter((name) => name !== "headers" && name !== "body");
    return [
      ...strangers.map((name) =>
        unknownName(`${pointer}/${escapePart(name)}`, "a response has headers and body"),
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
function responseFor({ responses }: OperationContract, status: string): ResponseContract | undefined {
  if (!/^[1-5]\d\d$/.test(status)) return undefined;
  const exact = responses.get(status) ?? responses.get(`${status.charAt(0)}XX`);
  const isOpen = status.startsWith("2") && ![...responses.keys()].some((known) => known.startsWith("2"));
  return exact ?? (status >= "400" || isOpen ? responses.get("default") : undefined);
}

function checkBody({ contentType, check }: ResponseContract, body: unknown, pointer: string): Violation[] {
  if (contentType === undefined) {
    return body === undefined ? [] : [{ pointer, message: `expected no body, got ${shown(body)}` }];
  }
  return body === undefined
    ? [{ pointer, message: "expected a body, which is missing" }]
    : check(body, pointer);
}

function unknownName(pointer: string, known: string): Violation {
  return { pointer, message: `expected nothing of this name: ${known}` };
}

function members(value: unknown): Members {
  return isMembers(value) ? value : {};
}

/**
 * Holds the headers of an answer to those that are declared. In an example file others are an error, as other properties
 * are: whoever writes one down means a header of the API. Real answers have headers of the protocol and of proxies as well.
 */
function checkHeaders(
  declared: readonly HeaderContract[],
  headers: unknown,
  pointer: string,
  isReal: boolean,
): Violation[] {
  const given = headers ?? {};
  if (!isMembers(given)) return [{ pointer, message: "expected an object with the headers by name" }];
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()));
  const missing = declared
    .filter(({ name, required }) => required && !names.has(name.toLowerCase()))
    .map(({ name }) => ({ pointer, message: `expected the header ${shown(name)}, which is missing` }));
  const wrong = Object.entries(given).flatMap(([name, value]): Violation[] => {
    const place = `${pointer}/${escapePart(name)}`;
    const header = declared.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!isText(value)) return [{ pointer: place, message: `expected a text, got ${shown(value)}` }];
    if (header !== undefined) return header.check(readTexts(header.form, [String(value)]), place);
    // The content says it: documents never declare this one.
    if (isReal || name.toLowerCase() === "content-type") return [];
    const known = declared.map((each) => each.name).join(", ") || "no header";
    return [{ pointer: place, message: `expected nothing of this name: the answer declares ${known}` }];
  });
  return [...missing, ...wrong];
}

/** Examples write the text of a number as that number. */
function isText(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
