import { Validator } from "@seriousme/openapi-schema-validator";
import { operationParameters, operationsOf } from "./document.js";
import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type Problem,
  pointer,
  referencePath,
  SpecError,
  stringAt,
  valueAt,
  walkObjects,
} from "./json.js";

/** Compiling a format's official schema takes longer than using it: one validator keeps them. */
const validator = new Validator();

/** Checks a Swagger 2.0 or OpenAPI 3.x document: its references, the official schema, and what no schema can say. */
export async function validateDocument(file: string, document: JsonObject): Promise<void> {
  // In this order: the schema's validator would report a dangling reference without its place, and the rest reads
  // members that the schema vouches for.
  refuse(danglingReferences(file, document));
  refuse(await structuralProblems(file, document));
  refuse([...repeatedOperationIds(file, document), ...undeclaredPathParameters(file, document)]);
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new SpecError(problems);
}

async function structuralProblems(file: string, document: JsonObject): Promise<Problem[]> {
  const { valid, errors } = await validator.validate(withoutExamples(document));
  if (valid) return [];
  if (!Array.isArray(errors)) return [{ file, pointer: "#", message: errors ?? "is not a valid document" }];
  // A failed alternative reports every branch it tried; the deepest place is the one a person can mend.
  const depth = Math.max(...errors.map(({ instancePath }) => instancePath.split("/").length));
  const deepest = errors.filter(({ instancePath }) => instancePath.split("/").length === depth);
  const lines = new Map<string, Problem>();
  for (const { instancePath, message = "is not valid", params } of deepest) {
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

/** The validator refuses references to other files, and examples are checked against the contract elsewhere. */
function withoutExamples(object: JsonObject): JsonObject {
  const { "x-ms-examples": _, ...rest } = object;
  const strip = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(strip);
    return isObject(value) ? withoutExamples(value) : value;
  };
  return mapValues(rest, strip);
}

function danglingReferences(file: string, document: JsonObject): Problem[] {
  const problems: Problem[] = [];
  walkObjects(document, (object, path) => {
    const reference = stringAt(object, "$ref");
    if (reference === undefined || path.includes("x-ms-examples")) return;
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
    const named = [...url.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
    return named
      .filter((name) => !declared.has(name))
      .map((name) => ({
        file,
        pointer: pointer(path),
        message: `the path parameter {${name}} is not declared`,
      }));
  });
}
