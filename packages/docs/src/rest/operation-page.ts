import {
  arrayAt,
  isObject,
  type JsonObject,
  objectAt,
  operationParameters,
  type operationsOf,
  type Path,
  referencePath,
  resolveReference,
  stringAt,
} from "openapi-contract";
import { type Correction, evidenceText } from "./evidence.js";
import { exampleText } from "./example-text.js";
import { block, code, paragraphs, table } from "./markdown.js";
import { boundedTypeText, typeText } from "./type-text.js";

export type Operation = ReturnType<typeof operationsOf>[number];

export function operationName({ operation }: Operation): string {
  return stringAt(operation, "operationId") ?? "";
}

/** One operation: what it takes, what it answers, examples, and what the vendor does not document. */
export function operationPage(
  document: JsonObject,
  place: Operation,
  corrections: readonly Correction[],
): string {
  const { operation, pathItem, method, url, path } = place;
  const parameters = operationParameters(document, pathItem, operation);
  const examples = Object.entries(objectAt(operation, "x-ms-examples")).flatMap(([name, example]) =>
    isObject(example) ? [exampleText(name, example, method, url, parameters)] : [],
  );
  return paragraphs(
    `# ${operationName(place)}`,
    stringAt(operation, "summary") ?? "",
    block("http", `${method.toUpperCase()} ${url}`),
    stringAt(operation, "description") ?? "",
    `## Parameters\n\n${table(["parameter", "type", "meaning"], parameters.map(parameterRow))}`,
    bodyText(document, objectAt(operation, "requestBody")),
    `## Answers\n\n${table(["status", "content", "meaning"], answerRows(document, objectAt(operation, "responses")))}`,
    evidenceText(corrections, [path, ...sharedParameters(operation)], "##"),
    examples.length === 0 ? "" : "## Examples",
    ...examples,
  );
}

/** Where the parameters stand that an operation has in common with others. */
function sharedParameters(operation: JsonObject): readonly Path[] {
  return arrayAt(operation, "parameters").flatMap((parameter) => {
    const path = isObject(parameter) && referencePath(stringAt(parameter, "$ref") ?? "");
    return path ? [path] : [];
  });
}

function parameterRow(parameter: JsonObject): readonly string[] {
  const place = [stringAt(parameter, "in") ?? "", ...(parameter["required"] === true ? ["required"] : [])];
  return [
    `${code(stringAt(parameter, "name") ?? "")}, ${place.join(", ")}`,
    boundedTypeText(objectAt(parameter, "schema")),
    stringAt(parameter, "description") ?? "",
  ];
}

function bodyText(document: JsonObject, given: JsonObject): string {
  const body = resolveReference(document, given);
  const contents = contentText(body);
  if (contents === "") return "";
  const need = body["required"] === true ? "Required" : "Optional";
  return paragraphs("## Body", `${need}: ${contents}.`, stringAt(body, "description") ?? "");
}

function answerRows(document: JsonObject, responses: JsonObject): readonly (readonly string[])[] {
  return Object.entries(responses).map(([status, given]) => {
    const answer = isObject(given) ? resolveReference(document, given) : {};
    const name = status === "default" ? "any other" : code(status);
    return [name, contentText(answer) || "none", stringAt(answer, "description") ?? ""];
  });
}

function contentText(owner: JsonObject): string {
  return Object.entries(objectAt(owner, "content"))
    .map(([type, media]) => `${isObject(media) ? typeText(objectAt(media, "schema")) : ""} as ${code(type)}`)
    .join(", or ");
}
