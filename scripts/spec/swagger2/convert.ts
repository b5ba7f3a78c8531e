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
import { pointer, walkObjects } from "../pointer.js";
import { type Problem, SpecError } from "../problem.js";
import { discriminatorMapping } from "./discriminator.js";
import { convertBody, convertParameter, convertResponse, mediaTypes } from "./parameter.js";
import { convertSchema, type DiscriminatorMapping } from "./schema.js";
import { convertSecurityScheme } from "./security.js";

/**
 * Converts a valid Swagger 2.0 document to OpenAPI 3.1. Names stay as they are: definition X becomes
 * components.schemas.X, parameter Y components.parameters.Y, so that overlays and readers find them again.
 * Throws SpecError for the few constructs that OpenAPI 3.1 cannot say.
 */
export function convertSwagger(file: string, swagger: JsonObject): JsonObject {
  refuseInexpressible(file, swagger);
  const mapping = discriminatorMapping(objectAt(swagger, "definitions"));
  return {
    openapi: "3.1.0",
    ...pick(swagger, ["info", "externalDocs"]),
    servers: servers(swagger),
    paths: mapValues(objectAt(swagger, "paths"), (pathItem, url) =>
      isObject(pathItem) && !url.startsWith("x-") ? convertPathItem(swagger, pathItem, mapping) : pathItem,
    ),
    components: components(swagger, mapping),
    ...pick(swagger, ["security", "tags"]),
    ...extensions(swagger),
  };
}

function refuseInexpressible(file: string, swagger: JsonObject): void {
  const problems: Problem[] = [];
  walkObjects(swagger, (object, path) => {
    if (object["collectionFormat"] === "tsv" && typeof object["in"] === "string") {
      const place = pointer([...path, "collectionFormat"]);
      problems.push({ file, pointer: place, message: "tab-separated arrays have no form in OpenAPI 3.1" });
    }
  });
  for (const { operation, path } of operationsOf(swagger)) {
    if (operation["schemes"] === undefined) continue;
    problems.push({
      file,
      pointer: pointer([...path, "schemes"]),
      message: "schemes of one operation are not converted",
    });
  }
  if (problems.length > 0) throw new SpecError(problems);
}

function servers(swagger: JsonObject): Json[] {
  const host = stringAt(swagger, "host");
  const basePath = stringAt(swagger, "basePath")?.replace(/\/$/, "") ?? "";
  if (host === undefined) return [{ url: basePath || "/" }];
  const schemes = arrayAt(swagger, "schemes");
  return (schemes.length === 0 ? ["http"] : schemes).map((scheme) => ({
    url: `${scheme}://${host}${basePath}`,
  }));
}

function convertPathItem(
  swagger: JsonObject,
  pathItem: JsonObject,
  mapping: DiscriminatorMapping,
): JsonObject {
  const shared = parametersOf(swagger, pathItem);
  const item: JsonObject = { ...pick(pathItem, ["$ref"]), ...extensions(pathItem) };
  if (shared.plain.length > 0)
    item["parameters"] = shared.plain.map((parameter) => convertParameter(parameter, mapping));
  for (const [method, operation] of Object.entries(pathItem)) {
    if (!isObject(operation) || method.startsWith("x-")) continue;
    item[method] = convertOperation(swagger, operation, shared.body, mapping);
  }
  return item;
}

function convertOperation(
  swagger: JsonObject,
  operation: JsonObject,
  sharedBody: readonly JsonObject[],
  mapping: DiscriminatorMapping,
): JsonObject {
  const own = parametersOf(swagger, operation);
  const consumes = mediaTypes(operation, swagger, "consumes");
  const produces = mediaTypes(operation, swagger, "produces");
  const body = convertBody(own.body.length > 0 ? own.body : sharedBody, consumes, mapping);
  return {
    ...pick(operation, ["tags", "summary", "description", "externalDocs", "operationId"]),
    ...(own.plain.length > 0
      ? { parameters: own.plain.map((parameter) => convertParameter(parameter, mapping)) }
      : {}),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: mapValues(objectAt(operation, "responses"), (response) =>
      isObject(response)
        ? convertResponse(response, produces.length === 0 ? ["application/json"] : produces, mapping)
        : response,
    ),
    ...pick(operation, ["deprecated", "security"]),
    ...extensions(operation),
  };
}

/** Parameters apart from what OpenAPI 3 makes a request body; only the latter are resolved. */
function parametersOf(swagger: JsonObject, owner: JsonObject): { plain: JsonObject[]; body: JsonObject[] } {
  const parameters = arrayAt(owner, "parameters").filter(isObject);
  const resolved = (parameter: JsonObject) => resolveReference(swagger, parameter);
  return {
    plain: parameters.filter((parameter) => !isBody(resolved(parameter))),
    body: parameters.map(resolved).filter(isBody),
  };
}

function isBody(parameter: JsonObject): boolean {
  return parameter["in"] === "body" || parameter["in"] === "formData";
}

function components(swagger: JsonObject, mapping: DiscriminatorMapping): JsonObject {
  const produces = mediaTypes({}, swagger, "produces");
  const parameters = Object.entries(objectAt(swagger, "parameters")).flatMap(
    ([name, parameter]): [string, Json][] =>
      isObject(parameter) && !isBody(parameter) ? [[name, convertParameter(parameter, mapping)]] : [],
  );
  const all: JsonObject = {
    schemas: mapValues(objectAt(swagger, "definitions"), (schema, name) =>
      convertSchema(schema, mapping, name),
    ),
    parameters: Object.fromEntries(parameters),
    responses: mapValues(objectAt(swagger, "responses"), (response) =>
      isObject(response)
        ? convertResponse(response, produces.length === 0 ? ["application/json"] : produces, mapping)
        : response,
    ),
    securitySchemes: mapValues(objectAt(swagger, "securityDefinitions"), convertSecurityScheme),
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, group]) => isObject(group) && Object.keys(group).length > 0),
  );
}
