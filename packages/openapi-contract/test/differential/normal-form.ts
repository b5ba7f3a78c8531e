import { upgradeDocument } from "../../src/convert/openapi3.js";
import { operationsOf, resolveReference } from "../../src/document/document.js";
import { arrayAt, isObject, type Json, type JsonObject, mapValues } from "../../src/document/json.js";
import { mapInnerSchemas, mapSchemas } from "../../src/document/schemas.js";

/** The two converters on the way to one form. Each step is a difference on purpose and says why it is one. */

/** What is ours alone, taken back. */
export function normalOurs(document: JsonObject): JsonObject {
  const steps = [
    withoutWordsBesideReferences,
    withoutUnusedBodies,
    withoutFormEncoding,
    closedEnums,
    withoutNullableReferences,
    withoutBodyNames,
    withoutExamples,
    withoutEncoding,
    withoutNarrowedServers,
  ];
  return common(steps.reduce((result, step) => step(result), document));
}

/** What they leave in the words of 3.0, or leave out although it can be known. */
export function normalTheirs(document: JsonObject): JsonObject {
  const steps = [
    (document: JsonObject) => upgradeDocument("in.json", document),
    inlineBodies,
    withoutNullableReferences,
    withoutEncoding,
    withoutAssumedJson,
    withoutExampleNames,
  ];
  return common(steps.reduce((result, step) => step(result), document));
}

/** Groups without anything in them mean nothing, nor does a default that is written out. */
function common(document: JsonObject): JsonObject {
  const { openapi: _, components, ...rest } = everyObject(withoutSkippedEncoding(document), withoutDefaults);
  const groups = isObject(components) ? Object.entries(components) : [];
  const filled = groups.filter(([, group]) => isObject(group) && Object.keys(group).length > 0);
  return { ...rest, components: Object.fromEntries(filled) };
}

/** Ours: modelAsString opens an enum, since a server may send what the list lacks. Theirs: the extension is only kept. */
function closedEnums(document: JsonObject): JsonObject {
  return everySchema(document, (schema) => {
    const { anyOf, ...rest } = schema;
    const [listed] = Array.isArray(anyOf) ? anyOf : [];
    return isObject(listed) && schema["x-ms-enum"] !== undefined ? { ...rest, ...listed } : schema;
  });
}

/** Ours: x-nullable counts beside a reference too. Theirs: it is lost there, and kept beside allOf without a form for it. */
function withoutNullableReferences(document: JsonObject): JsonObject {
  return everySchema(document, (schema) => {
    const { anyOf, ...rest } = schema;
    const [only, none] = Array.isArray(anyOf) ? anyOf : [];
    const isNullable = isObject(only) && isObject(none) && none["type"] === "null";
    return isNullable && Object.keys(rest).length === 0 ? only : schema;
  });
}

/** Ours: words beside a reference stay, since 3.1 gives them a meaning. Theirs: dropped, since 3.0 ignores them. */
function withoutWordsBesideReferences(document: JsonObject): JsonObject {
  return everySchema(document, (schema) =>
    schema["$ref"] === undefined ? schema : { $ref: schema["$ref"] },
  );
}

/** Ours: a shared body that no operation uses stays a component. Theirs: lost. */
function withoutUnusedBodies(document: JsonObject): JsonObject {
  const { components } = document;
  if (!isObject(components)) return document;
  const { requestBodies: _, ...kept } = components;
  return { ...document, components: kept };
}

/** Ours: an operation with fewer schemes than the document has servers of its own. Theirs: lost. */
function withoutNarrowedServers(document: JsonObject): JsonObject {
  const known = JSON.stringify(document["servers"] ?? []);
  const result = structuredClone(document);
  for (const { operation } of operationsOf(result)) {
    const own = arrayAt(operation, "servers");
    if (own.length > 0 && own.every((server) => known.includes(JSON.stringify(server))))
      delete operation["servers"];
  }
  return result;
}

/** Ours: forms say how an array is written. Theirs: lost. */
function withoutFormEncoding(document: JsonObject): JsonObject {
  return everyObject(document, ({ encoding: _, ...rest }) => rest);
}

/** Ours: the name of a body, which examples speak of. Theirs: lost. */
function withoutBodyNames(document: JsonObject): JsonObject {
  return everyObject(document, ({ "x-body-name": _, ...rest }) => rest);
}

/** Ours: examples stay. Theirs: dropped. */
function withoutExamples(document: JsonObject): JsonObject {
  return everyObject(document, ({ "x-ms-examples": _, ...rest }) => rest);
}

/** Ours: x-ms-skip-url-encoding stays beside its 3.x form. Theirs: replaced by it, where there is one. */
function withoutSkippedEncoding(document: JsonObject): JsonObject {
  return everyObject(document, ({ "x-ms-skip-url-encoding": _, ...rest }) => rest);
}

/** Ours: how an array is written is always said. Theirs: only where it is not what 3.x assumes. */
function withoutDefaults(object: JsonObject): JsonObject {
  if (object["in"] !== "query") return object;
  const { style = "form", explode = style === "form", ...rest } = object;
  return { ...rest, style, explode };
}

/** Theirs: the one example of an answer gets a name. Ours: it is the example. */
function withoutExampleNames(document: JsonObject): JsonObject {
  return everyObject(document, (object) => {
    const { examples, ...rest } = object;
    const named = isObject(examples) ? examples["response"] : undefined;
    return isObject(named) && named["value"] !== undefined ? { ...rest, example: named["value"] } : object;
  });
}

/** Ours: 3.1 says base64 in another keyword beside the format. Theirs: 3.0 has only the format. */
function withoutEncoding(document: JsonObject): JsonObject {
  return everySchema(document, ({ contentEncoding: _, ...rest }) => rest);
}

/** Theirs: a body that several operations share becomes a component. Ours: a part of each of them. */
function inlineBodies(document: JsonObject): JsonObject {
  const result = structuredClone(document);
  const inlined = new Set<string>();
  for (const { operation } of operationsOf(result)) {
    const body = operation["requestBody"];
    if (!isObject(body) || body["$ref"] === undefined) continue;
    inlined.add(String(body["$ref"]).replace("#/components/requestBodies/", ""));
    operation["requestBody"] = structuredClone(resolveReference(document, body));
  }
  const { components } = result;
  const bodies = isObject(components) ? components["requestBodies"] : undefined;
  if (isObject(bodies)) for (const name of inlined) delete bodies[name];
  return result;
}

/** Theirs: any type where a document names none. Ours: JSON, which examples and clients of such documents speak. */
function withoutAssumedJson(document: JsonObject): JsonObject {
  return everyObject(document, (object) => {
    const { content } = object;
    if (!isObject(content) || content["*/*"] === undefined) return object;
    const { "*/*": wildcard, ...named } = content;
    return { ...object, content: { "application/json": wildcard, ...named } };
  });
}

function everySchema(document: JsonObject, change: (schema: JsonObject) => JsonObject): JsonObject {
  const visit = (schema: Json): Json => (isObject(schema) ? change(mapInnerSchemas(schema, visit)) : schema);
  return mapSchemas(document, visit);
}

function everyObject(object: JsonObject, change: (object: JsonObject) => JsonObject): JsonObject {
  const visit = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(visit);
    return isObject(value) ? everyObject(value, change) : value;
  };
  return change(mapValues(object, visit));
}
