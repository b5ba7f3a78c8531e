import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  operationParameters,
  operationsOf,
  type Path,
  referencePath,
  resolveReference,
  stringAt,
} from "openapi-contract";
import {
  block,
  boundedTypeText,
  type Correction,
  code,
  evidenceText,
  modelsFile,
  paragraphs,
  readCorrections,
  table,
  typeText,
} from "./markdown.js";

export const overviewFile = "overview.md";

/**
 * Describes the REST API as Markdown pages, by file name: an overview, a page for each operation, and the models.
 * @param document The contract in OpenAPI 3.1, with its corrections applied.
 * @param overlay The corrections, as an OpenAPI Overlay.
 */
export function restReference(document: JsonObject, overlay: JsonObject): ReadonlyMap<string, string> {
  const corrections = readCorrections(document, overlay);
  const operations = operationsOf(document);
  return new Map([
    [overviewFile, overview(document, operations)],
    ...operations.map((place) => [fileOf(place), operationPage(document, place, corrections)] as const),
    [modelsFile, modelsPage(document, corrections)],
  ]);
}

function overview(document: JsonObject, operations: readonly Operation[]): string {
  const info = objectAt(document, "info");
  const rows = operations.map((place) => [
    `[${operationName(place)}](${fileOf(place)})<br>${code(`${place.method.toUpperCase()} ${place.url}`)}`,
    stringAt(place.operation, "summary") ?? "",
  ]);
  return paragraphs(
    `# ${stringAt(info, "title") ?? "REST API"}`,
    stringAt(info, "description") ?? "",
    "These pages are generated from the specification: the contract that the vendor documents, and corrections for what gateways really do, each with its evidence. In the evidence, `protocol §2.2` and `deploy-flow §2` refer to our notes on the vendor's published server source (commit ddfed33), and `swagger-facts` to a comparison of all documents that the vendor published. A path of a `.cpp` or `.h` file is one of that source. No live cluster has been used yet.",
    table(["operation", "what it does"], rows),
    `[Models](${modelsFile}) describes all bodies. Every error has this form, with any status:`,
    block("json", JSON.stringify({ Error: { Code: "E_INVALIDARG", Message: "…" } }, undefined, 2)),
    `[FabricErrorCodes](${modelsFile}#fabricerrorcodes) lists the codes. A gateway may send others.`,
  );
}

function fileOf(place: Operation): string {
  return `${operationName(place)}.md`;
}

export type Operation = ReturnType<typeof operationsOf>[number];

function operationName({ operation }: Operation): string {
  return stringAt(operation, "operationId") ?? "";
}

/** The page of an operation: parameters, responses, examples, and corrections. */
function operationPage(document: JsonObject, place: Operation, corrections: readonly Correction[]): string {
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
    bodySection(document, objectAt(operation, "requestBody")),
    `## Responses\n\n${table(["status", "content", "meaning"], answerRows(document, objectAt(operation, "responses")))}`,
    evidenceText(corrections, [path, ...sharedParameters(operation)], "##"),
    examples.length === 0 ? "" : "## Examples",
    ...examples,
  );
}

/** The paths of the parameters that an operation shares with others. */
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

function bodySection(document: JsonObject, given: JsonObject): string {
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

/** Formats an example as an HTTP request and its responses. */
function exampleText(
  name: string,
  example: JsonObject,
  method: string,
  url: string,
  parameters: readonly JsonObject[],
): string {
  const answers = Object.entries(objectAt(example, "responses")).map(([status, answer]) =>
    block("http", answerText(status, isObject(answer) ? answer : {})),
  );
  return paragraphs(
    `### ${name}`,
    stringAt(example, "description") ?? "",
    block("http", requestText(objectAt(example, "parameters"), method, url, parameters)),
    ...answers,
  );
}

function requestText(
  values: JsonObject,
  method: string,
  url: string,
  parameters: readonly JsonObject[],
): string {
  const given = (place: string) =>
    parameters.flatMap((parameter) => {
      const name = stringAt(parameter, "name") ?? "";
      return parameter["in"] === place && values[name] !== undefined
        ? [[name, String(values[name])] as const]
        : [];
    });
  const path = given("path").reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURI(value)),
    url,
  );
  const query = given("query").map(([name, value]) => `${name}=${value}`);
  const headers = given("header").map(([name, value]) => `${name}: ${value}`);
  const names = new Set(parameters.map((parameter) => parameter["name"]));
  const bodies = Object.entries(values).flatMap(([name, value]) =>
    names.has(name) ? [] : [exampleBody(value)],
  );
  const head = [`${method.toUpperCase()} ${path}?${query.join("&")} HTTP/1.1`, ...headers].join("\n");
  return [head, ...bodies].join("\n\n");
}

function answerText(status: string, answer: JsonObject): string {
  const head = `HTTP/1.1 ${status}`;
  return answer["body"] === undefined ? head : `${head}\n\n${exampleBody(answer["body"])}`;
}

function exampleBody(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
}

/** The page of all models. */
function modelsPage(document: JsonObject, corrections: readonly Correction[]): string {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  const sections = Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, schema]) =>
      isObject(schema) ? [modelSection(document, name, schema, corrections)] : [],
    );
  return paragraphs("# Models", "Names and strings are those of requests and responses.", ...sections);
}

function modelSection(
  document: JsonObject,
  name: string,
  schema: JsonObject,
  corrections: readonly Correction[],
): string {
  const lineage = withBases(document, schema);
  const properties = Object.assign({}, ...lineage.map((model) => objectAt(model, "properties")));
  const required = new Set(lineage.flatMap((model) => arrayAt(model, "required")));
  const rows = Object.entries<Json>(properties).flatMap(([property, value]) =>
    isObject(value) ? [propertyRow(property, value, required.has(property))] : [],
  );
  return paragraphs(
    `## ${name}`,
    stringAt(schema, "description") ?? "",
    rows.length === 0 ? `${typeText(schema)}.` : table(["property", "type", "meaning"], rows),
    evidenceText(corrections, [["components", "schemas", name]], "###"),
  );
}

/** What a model extends, and the model. */
function withBases(document: JsonObject, schema: JsonObject): readonly JsonObject[] {
  const bases = arrayAt(schema, "allOf").filter(isObject);
  return [...bases.flatMap((base) => withBases(document, resolveReference(document, base))), schema];
}

function propertyRow(name: string, schema: JsonObject, isRequired: boolean): readonly string[] {
  return [
    isRequired ? code(name) : `${code(name)}, optional`,
    boundedTypeText(schema),
    stringAt(schema, "description") ?? "",
  ];
}
