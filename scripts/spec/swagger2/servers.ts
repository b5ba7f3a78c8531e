import { resolveReference } from "../document.js";
import {
  arrayAt,
  extensions,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  pick,
  stringAt,
} from "../json.js";

/** The servers of a document, or those that only one operation has: `schemes` may stand at either. */
export function convertServers(swagger: JsonObject, schemes: readonly Json[]): Json[] {
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
export function documentExtensions(swagger: JsonObject): JsonObject {
  const { "x-ms-parameterized-host": _, "x-ms-paths": _merged, ...kept } = extensions(swagger);
  return kept;
}

/**
 * Merges `x-ms-paths` into `paths`. They exist for paths that differ in their query only, which no OpenAPI path can say:
 * those are left where they are, and `queryPaths` names them.
 */
export function mergeExtraPaths(swagger: JsonObject): JsonObject {
  const extra = swagger["x-ms-paths"];
  if (!isObject(extra)) return swagger;
  const paths = objectAt(swagger, "paths");
  const mergeable = Object.entries(extra).filter(([url]) => !url.includes("?") && paths[url] === undefined);
  return { ...swagger, paths: { ...paths, ...Object.fromEntries(mergeable) } };
}
