import { operationsOf, resolveReference } from "../document/document.js";
import {
  arrayAt,
  extensions,
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type OnWarning,
  objectAt,
  type Path,
  type Problem,
  pick,
  pointer,
  stringAt,
} from "../document/json.js";
import { walkStructure } from "../document/structure.js";
import {
  convertBody,
  convertParameter,
  convertResponse,
  convertSchema,
  mediaTypes,
} from "./swagger2-parameters.js";

/**
 * Converts a valid Swagger 2.0 document to OpenAPI 3.1. Names stay as they are: definition X becomes
 * components.schemas.X, parameter Y components.parameters.Y, so that overlays and readers find them again.
 * What OpenAPI 3.1 cannot say is told to `warn`.
 */
export function convertSwagger(
  file: string,
  swagger: JsonObject,
  warn: OnWarning = () => undefined,
): JsonObject {
  for (const problem of inexpressible(file, swagger)) warn(problem);
  return {
    openapi: "3.1.0",
    ...pick(swagger, ["info", "externalDocs"]),
    servers: convertServers(swagger, arrayAt(swagger, "schemes")),
    paths: mapValues(objectAt(swagger, "paths"), (pathItem, url) =>
      isObject(pathItem) && !url.startsWith("x-") ? convertPathItem(swagger, pathItem) : pathItem,
    ),
    components: components(swagger),
    ...pick(swagger, ["security", "tags"]),
    ...documentExtensions(swagger),
  };
}

function convertPathItem(swagger: JsonObject, pathItem: JsonObject): JsonObject {
  const shared = parametersOf(swagger, pathItem);
  const item: JsonObject = { ...pick(pathItem, ["$ref"]), ...extensions(pathItem) };
  if (shared.plain.length > 0)
    item["parameters"] = shared.plain.map((parameter) => convertParameter(parameter));
  for (const [method, operation] of Object.entries(pathItem)) {
    if (!isObject(operation) || method.startsWith("x-")) continue;
    item[method] = convertOperation(swagger, operation, shared.body);
  }
  return item;
}

function convertOperation(
  swagger: JsonObject,
  operation: JsonObject,
  sharedBody: readonly JsonObject[],
): JsonObject {
  const own = parametersOf(swagger, operation);
  const consumes = mediaTypes(operation, swagger, "consumes");
  const produces = mediaTypes(operation, swagger, "produces");
  const body = convertBody(bodyParameters(own.body, sharedBody), consumes);
  const schemes = arrayAt(operation, "schemes");
  return {
    ...pick(operation, ["tags", "summary", "description", "externalDocs", "operationId"]),
    ...(own.plain.length > 0
      ? { parameters: own.plain.map((parameter) => convertParameter(parameter)) }
      : {}),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: responsesOf(operation, produces),
    ...pick(operation, ["deprecated", "security"]),
    ...(schemes.length === 0 ? {} : { servers: convertServers(swagger, schemes) }),
    ...extensions(operation),
  };
}

/** `x-…` members of `owner` are kept as they are. */
function responsesOf(owner: JsonObject, produces: readonly string[]): JsonObject {
  const types = produces.length === 0 ? ["application/json"] : produces;
  return mapValues(objectAt(owner, "responses"), (response, status) =>
    isObject(response) && !status.startsWith("x-") ? convertResponse(response, types) : response,
  );
}

/** The fields of a form add up; a body of the operation replaces what its path has. */
function bodyParameters(own: readonly JsonObject[], shared: readonly JsonObject[]): readonly JsonObject[] {
  if (own.some((parameter) => parameter["in"] === "body")) return own;
  const isReplaced = (field: JsonObject) => own.some((other) => other["name"] === field["name"]);
  return [...shared.filter((field) => !isReplaced(field)), ...own];
}

/** Parameters apart from what OpenAPI 3 makes a request body; only the latter are resolved. */
function parametersOf(swagger: JsonObject, owner: JsonObject): { plain: JsonObject[]; body: JsonObject[] } {
  const parameters = arrayAt(owner, "parameters").filter(isObject);
  const resolved = (parameter: JsonObject) => resolveReference(swagger, parameter);
  // Only shared parameters have a place of their own in OpenAPI 3; references to any other place get a copy.
  const kept = (parameter: JsonObject) =>
    stringAt(parameter, "$ref")?.startsWith("#/parameters/") ? parameter : resolved(parameter);
  return {
    plain: parameters.filter((parameter) => !isBody(resolved(parameter))).map(kept),
    body: parameters.map(resolved).filter(isBody),
  };
}

function isBody(parameter: JsonObject): boolean {
  return parameter["in"] === "body" || parameter["in"] === "formData";
}

function components(swagger: JsonObject): JsonObject {
  const parameters = Object.entries(objectAt(swagger, "parameters")).flatMap(
    ([name, parameter]): [string, Json][] =>
      isObject(parameter) && !isBody(parameter) ? [[name, convertParameter(parameter)]] : [],
  );
  const all: JsonObject = {
    schemas: mapValues(objectAt(swagger, "definitions"), convertSchema),
    parameters: Object.fromEntries(parameters),
    requestBodies: unusedBodies(swagger),
    responses: responsesOf(swagger, mediaTypes({}, swagger, "produces")),
    securitySchemes: mapValues(objectAt(swagger, "securityDefinitions"), convertSecurityScheme),
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, group]) => isObject(group) && Object.keys(group).length > 0),
  );
}

/** A shared body becomes a part of each operation that uses it; one that none uses would otherwise be lost. */
function unusedBodies(swagger: JsonObject): JsonObject {
  const used = new Set<string>();
  for (const { operation, pathItem } of operationsOf(swagger)) {
    for (const parameter of [...arrayAt(pathItem, "parameters"), ...arrayAt(operation, "parameters")])
      if (isObject(parameter)) used.add(stringAt(parameter, "$ref") ?? "");
  }
  const consumes = mediaTypes({}, swagger, "consumes");
  const bodies = Object.entries(objectAt(swagger, "parameters")).flatMap(
    ([name, parameter]): [string, Json][] => {
      const isUnused = isObject(parameter) && isBody(parameter) && !used.has(`#/parameters/${name}`);
      const body = isUnused ? convertBody([parameter], consumes) : undefined;
      return body === undefined ? [] : [[name, body]];
    },
  );
  return Object.fromEntries(bodies);
}

/** What a valid Swagger 2.0 document can say and OpenAPI 3.1 cannot. Leaving it out unseen would change the contract. */
function inexpressible(file: string, swagger: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const report = (path: Path, message: string) => {
    problems.push({ file, pointer: pointer(path), message });
  };
  const visitValue = (value: JsonObject, path: Path, place: Json | undefined): void => {
    const format = value["collectionFormat"];
    if (typeof format === "string" && format !== "csv") {
      const message = formatProblem(value, format, place);
      if (message !== undefined) report([...path, "collectionFormat"], message);
    }
    if (place === "formData" && value["allowEmptyValue"] !== undefined)
      report(
        [...path, "allowEmptyValue"],
        "empty values of a form field have no form in OpenAPI 3.1; it is left out",
      );
    if (isObject(value["items"])) visitValue(value["items"], [...path, "items"], undefined);
  };
  walkStructure(swagger, (object, kind, path) => {
    if (kind === "parameter" || kind === "header") visitValue(object, path, object["in"]);
  });
  return problems;
}

function formatProblem(object: JsonObject, format: string, place: Json | undefined): string | undefined {
  const ending = "it is read as csv";
  if (format === "tsv") return `tab-separated arrays have no form in OpenAPI 3.1; ${ending}`;
  if (object["type"] !== "array") return "only an array has a collectionFormat; it is left out";
  if (place === "query" || place === "formData") return undefined;
  return `arrays in the format ${format} have no form in OpenAPI 3.1 outside of queries and forms; ${ending}`;
}

const flowNames: Readonly<Record<string, string>> = {
  implicit: "implicit",
  password: "password",
  application: "clientCredentials",
  accessCode: "authorizationCode",
};

function convertSecurityScheme(scheme: Json): Json {
  if (!isObject(scheme)) return scheme;
  const common = { ...pick(scheme, ["description"]), ...extensions(scheme) };
  if (scheme["type"] === "basic") return { type: "http", scheme: "basic", ...common };
  if (scheme["type"] !== "oauth2") return { ...pick(scheme, ["type", "name", "in"]), ...common };
  const flow = {
    ...pick(scheme, ["authorizationUrl", "tokenUrl"]),
    scopes: objectAt(scheme, "scopes"),
  };
  return { type: "oauth2", flows: { [flowNames[String(scheme["flow"])] ?? "implicit"]: flow }, ...common };
}

/** The servers of a document, or those that only one operation has: `schemes` may stand at either. */
function convertServers(swagger: JsonObject, schemes: readonly Json[]): Json[] {
  const basePath = stringAt(swagger, "basePath")?.replace(/\/$/, "") ?? "";
  const parameterized = swagger["x-ms-parameterized-host"];
  if (isObject(parameterized)) return parameterizedServers(swagger, parameterized, schemes, basePath);
  const host = stringAt(swagger, "host");
  // Without a host the document is served by whoever serves the API; a relative URL has no place for a scheme.
  if (host === undefined)
    return [{ url: basePath || "/", ...(schemes.length === 0 ? {} : { "x-schemes": [...schemes] }) }];
  // No scheme means the one the document came by, which is what a URL without one says too.
  const prefixes = schemes.length === 0 ? ["//"] : schemes.map((scheme) => `${scheme}://`);
  return prefixes.map((prefix) => ({ url: `${prefix}${host}${basePath}` }));
}

/** `x-ms-parameterized-host`: what is left open in the host becomes the variables of a server. */
function parameterizedServers(
  swagger: JsonObject,
  extension: JsonObject,
  schemes: readonly Json[],
  basePath: string,
): Json[] {
  const template = stringAt(extension, "hostTemplate") ?? "";
  const parameters = arrayAt(extension, "parameters")
    .filter(isObject)
    .map((parameter) => resolveReference(swagger, parameter));
  const variables = Object.fromEntries(
    parameters.map((parameter) => [String(parameter["name"]), variableOf(parameter)]),
  );
  const prefixes =
    extension["useSchemePrefix"] === false
      ? [""]
      : (schemes.length === 0 ? ["https"] : schemes).map((scheme) => `${scheme}://`);
  return prefixes.map((prefix) => ({
    url: `${prefix}${template}${basePath}`,
    ...(parameters.length === 0 ? {} : { variables }),
    // A variable has no type and no limits: they stay readable here.
    "x-ms-parameterized-host": { ...extension, ...(parameters.length === 0 ? {} : { parameters }) },
  }));
}

/** OpenAPI asks every variable for a default; its own name says best what is to be filled in. */
function variableOf(parameter: JsonObject): JsonObject {
  const listed = arrayAt(parameter, "enum").map(String);
  return {
    default: String(parameter["default"] ?? listed[0] ?? parameter["name"]),
    ...(listed.length === 0 ? {} : { enum: listed }),
    ...pick(parameter, ["description"]),
    ...extensions(parameter),
  };
}

/** The extensions of the document that its servers do not say already. */
function documentExtensions(swagger: JsonObject): JsonObject {
  const { "x-ms-parameterized-host": _, "x-ms-paths": _merged, ...kept } = extensions(swagger);
  return kept;
}

/**
 * Merges `x-ms-paths` into `paths`. They exist for paths that differ in their query only: those keep it in their name, such
 * as `/containers?comp=list`.
 */
export function mergeExtraPaths(file: string, swagger: JsonObject, warn: OnWarning): JsonObject {
  const extra = swagger["x-ms-paths"];
  if (!isObject(extra)) return swagger;
  const paths = { ...objectAt(swagger, "paths") };
  for (const [url, item] of Object.entries(extra)) {
    const own = objectAt(paths, url);
    for (const member of Object.keys(isObject(item) ? item : {})) {
      if (own[member] === undefined) continue;
      const message = "is in paths too; that one counts";
      warn({ file, pointer: pointer(["x-ms-paths", url, member]), message });
    }
    paths[url] = isObject(item) ? { ...item, ...own } : item;
  }
  return { ...swagger, paths };
}
