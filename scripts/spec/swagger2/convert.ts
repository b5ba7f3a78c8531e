import { operationsOf, resolveReference } from "../document.js";
import {
  arrayAt,
  extensions,
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  objectAt,
  pick,
  stringAt,
} from "../json.js";
import { SpecError } from "../problem.js";
import { inexpressible } from "./inexpressible.js";
import { convertBody, convertParameter, convertResponse, mediaTypes } from "./parameter.js";
import { convertSchema } from "./schema.js";
import { convertSecurityScheme } from "./security.js";
import { convertServers, documentExtensions } from "./servers.js";

/**
 * Converts a valid Swagger 2.0 document to OpenAPI 3.1. Names stay as they are: definition X becomes
 * components.schemas.X, parameter Y components.parameters.Y, so that overlays and readers find them again.
 * Throws SpecError for the few constructs that OpenAPI 3.1 cannot say.
 */
export function convertSwagger(file: string, swagger: JsonObject): JsonObject {
  const problems = inexpressible(file, swagger);
  if (problems.length > 0) throw new SpecError(problems);
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
  // Only shared parameters have a place of their own in OpenAPI 3; whoever refers to another place gets a copy.
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
