import { Validator } from "@seriousme/openapi-schema-validator";
import { operationParameters, operationsOf, urlParameters } from "./document.js";
import {
  isObject,
  type JsonObject,
  type OnWarning,
  type Problem,
  pointer,
  referencePath,
  SpecError,
  stringAt,
  valueAt,
} from "./json.js";
import { walkStructure } from "./structure.js";

/** Compiling a format's official schema takes longer than using it: one validator keeps them. */
const validator = new Validator();

/**
 * Checks a Swagger 2.0 or OpenAPI 3.x document: its references, the official schema, and what no schema can say. Throws
 * SpecError. What only the official schema has against the document is told to `warn`, if there is one: much of it changes
 * no meaning.
 */
export async function validateDocument(file: string, document: JsonObject, warn?: OnWarning): Promise<void> {
  refuse(danglingReferences(file, document));
  const problems = await structuralProblems(file, document);
  if (warn === undefined) refuse(problems);
  for (const problem of problems) warn?.(problem);
  refuse([
    ...repeatedOperationIds(file, document),
    ...undeclaredPathParameters(file, document),
    ...repeatedParameters(file, document),
  ]);
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new SpecError(problems);
}

/** What the official schema has against a document. */
export async function structuralProblems(file: string, document: JsonObject): Promise<Problem[]> {
  const { valid, errors } = await validator.validate(document);
  // A text is about references, which the validator looks for in data too.
  if (valid || !Array.isArray(errors)) return [];
  // A failed alternative reports every branch it tried; the deepest place is the one a person can mend.
  const depth = Math.max(...errors.map(({ instancePath }) => instancePath.split("/").length));
  const deepest = errors.filter(({ instancePath }) => instancePath.split("/").length === depth);
  // That no alternative fits is said better by what does not fit.
  const precise = deepest.filter(({ keyword }) => !["oneOf", "anyOf", "if", "not"].includes(keyword));
  const lines = new Map<string, Problem>();
  for (const { instancePath, message = "is not valid", params } of precise.length > 0 ? precise : deepest) {
    const detail = Object.values(params).flat().join(", ");
    const problem = {
      file,
      pointer: `#${instancePath}`,
      message: detail ? `${message} (${detail})` : message,
    };
    lines.set(problem.pointer + problem.message, problem);
  }
  return [...lines.values()];
}

function danglingReferences(file: string, document: JsonObject): Problem[] {
  const problems: Problem[] = [];
  walkStructure(document, (object, _, path) => {
    const reference = stringAt(object, "$ref");
    if (reference === undefined) return;
    const target = referencePath(reference);
    if (target !== undefined && leadsSomewhere(document, reference)) return;
    const message = target === undefined ? "points into another file; bundle it first" : "points to nothing";
    problems.push({ file, pointer: pointer([...path, "$ref"]), message: `${reference} ${message}` });
  });
  return problems;
}

/** References that lead to each other in a circle lead to nothing. */
function leadsSomewhere(document: JsonObject, first: string): boolean {
  const seen = new Set<string>();
  let reference: string | undefined = first;
  while (reference !== undefined) {
    if (seen.has(reference)) return false;
    seen.add(reference);
    const value = valueAt(document, referencePath(reference) ?? [reference]);
    if (value === undefined) return false;
    reference = isObject(value) ? stringAt(value, "$ref") : undefined;
  }
  return true;
}

function repeatedOperationIds(file: string, document: JsonObject): Problem[] {
  const first = new Map<string, string>();
  return operationsOf(document).flatMap(({ operation, path }) => {
    const id = String(operation["operationId"]);
    const place = pointer([...path, "operationId"]);
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, place);
    return earlier === undefined
      ? []
      : [{ file, pointer: place, message: `operationId ${id} is used before, at ${earlier}` }];
  });
}

function undeclaredPathParameters(file: string, document: JsonObject): Problem[] {
  return operationsOf(document).flatMap(({ operation, pathItem, url, path }) => {
    const declared = new Set(
      operationParameters(document, pathItem, operation).flatMap((parameter) =>
        parameter["in"] === "path" ? [parameter["name"]] : [],
      ),
    );
    return urlParameters(url)
      .filter((name) => !declared.has(name))
      .map((name) => ({
        file,
        pointer: pointer(path),
        message: `the path parameter {${name}} is not declared`,
      }));
  });
}

function repeatedParameters(file: string, document: JsonObject): Problem[] {
  return operationsOf(document).flatMap(({ operation, pathItem, path }) => {
    const named = operationParameters(document, pathItem, operation).filter(({ name }) => name !== undefined);
    const names = named.map((each) => `${each["in"]} ${each["name"]}`);
    return names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => ({
        file,
        pointer: pointer([...path, "parameters"]),
        message: `two parameters have the place and name "${name}", so nothing tells them apart`,
      }));
  });
}
