import { escapePart } from "@sf-image-store/scripts/spec";
import type { Contract, OperationContract, ResponseContract } from "./contract.js";
import { checkMeaning } from "./meaning.js";
import { isMembers, type Members, shown, type Violation } from "./violation.js";

const knownMembers = new Set(["operationId", "title", "description", "parameters", "responses"]);

/** Holds one example in the `x-ms-examples` form to the contract. An empty list: it keeps it. */
export function checkExample(contract: Contract, example: unknown): Violation[] {
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
    violations.push(...checkResponses(operation, responses));
  else violations.push({ pointer: "#/responses", message: "expected at least one response" });
  return [...violations, ...checkMeaning(operation, members(parameters), members(responses))];
}

function checkParameters(operation: OperationContract, given: Members): Violation[] {
  const declared = [...operation.parameters, ...(operation.body === undefined ? [] : [operation.body])];
  const names = declared.map(({ name }) => name);
  const missing = declared
    .filter(({ name, required }) => required && given[name] === undefined)
    .map(({ name }) => ({
      pointer: "#/parameters",
      message: `expected the parameter ${shown(name)}, which is missing`,
    }));
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const pointer = `#/parameters/${escapePart(name)}`;
    const parameter = declared.find((candidate) => candidate.name === name);
    return parameter === undefined
      ? [unknownName(pointer, `${operation.id} has ${names.join(", ")}`)]
      : parameter.check(value, pointer);
  });
  return [...missing, ...wrong];
}

function checkResponses(operation: OperationContract, responses: Members): Violation[] {
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
      ...checkHeaders(response["headers"], `${pointer}/headers`),
      ...checkBody(expected, response["body"], `${pointer}/body`),
    ];
  });
}

/** `default` stands for failures only: taking it for a success would let an undocumented one pass. */
function responseFor(operation: OperationContract, status: string): ResponseContract | undefined {
  const { responses } = operation;
  if (!/^[1-5]\d\d$/.test(status)) return undefined;
  const exact = responses.get(status) ?? responses.get(`${status.charAt(0)}XX`);
  const isFailure = status >= "400";
  return exact ?? (isFailure ? responses.get("default") : undefined);
}

function checkHeaders(headers: unknown, pointer: string): Violation[] {
  if (headers === undefined) return [];
  if (!isMembers(headers)) return [{ pointer, message: "expected an object with the headers by name" }];
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string"
      ? []
      : [{ pointer: `${pointer}/${escapePart(name)}`, message: `expected a text, got ${shown(value)}` }],
  );
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
