import { operationParameters, operationsOf, resolveReference } from "../document/document.js";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  type Path,
  pointer,
  stringAt,
} from "../document/json.js";
import { shown, type Violation, violation } from "./values.js";

/**
 * What is wrong with a Swagger 2.0 or OpenAPI 3 document although its official schema accepts it. Every command can use such
 * a document; those who write clients by it will stumble.
 */
export function checkDocument(document: JsonObject): Violation[] {
  return [...operationRules(document), ...equivalentPaths(document), ...modelRules(document)];
}

function operationRules(document: JsonObject): Violation[] {
  return operationsOf(document).flatMap(({ operation, pathItem, url, path }) => {
    const parameters = operationParameters(document, pathItem, operation);
    const named = (place: string) =>
      parameters.filter((each) => each["in"] === place).map(({ name }) => String(name));
    const [bodies, fields] = [named("body"), named("formData")];
    const place = pointer([...path, "parameters"]);
    const found: Violation[] = [];
    if (bodies.length > 1) {
      const message = `expected one body parameter, got ${bodies.join(", ")}`;
      found.push(
        violation({
          code: "SEVERAL_BODY_PARAMETERS",
          pointer: place,
          expected: "one body parameter",
          message,
        }),
      );
    }
    if (bodies.length > 0 && fields.length > 0) {
      const expected = "a body or the fields of a form, not both";
      found.push(violation({ code: "BODY_BESIDE_FORM", pointer: place, expected }));
    }
    for (const name of named("path").filter((each) => !url.includes(`{${each}}`))) {
      const expected = `a path with {${name}}, which is declared as a parameter of it`;
      found.push(violation({ code: "PATH_PARAMETER_NOT_IN_PATH", pointer: place, expected, actual: url }));
    }
    if (url.includes("{}")) {
      const expected = "a name between { and }";
      found.push(
        violation({
          code: "PATH_PARAMETER_EMPTY",
          pointer: pointer(path.slice(0, 2)),
          expected,
          actual: url,
        }),
      );
    }
    return found;
  });
}

/** `/pets/{id}` and `/pets/{name}` are the same URLs. */
function equivalentPaths(document: JsonObject): Violation[] {
  const first = new Map<string, string>();
  return Object.keys(objectAt(document, "paths")).flatMap((url) => {
    const shape = url.replaceAll(/\{[^}]*\}/g, "{}");
    const earlier = first.get(shape);
    if (earlier === undefined) first.set(shape, url);
    const expected = `a path that differs from ${shown(earlier)} in more than the names of parameters`;
    const place = pointer(["paths", url]);
    return earlier === undefined
      ? []
      : [violation({ code: "EQUIVALENT_PATH", pointer: place, expected, actual: url })];
  });
}

function modelRules(document: JsonObject): Violation[] {
  const isSwagger = document["swagger"] !== undefined;
  const place: Path = isSwagger ? ["definitions"] : ["components", "schemas"];
  const models = isSwagger
    ? objectAt(document, "definitions")
    : objectAt(objectAt(document, "components"), "schemas");
  return Object.entries(models).flatMap(([name, model]) => {
    if (!isObject(model)) return [];
    const at: Path = [...place, name];
    return [
      ...undeclaredRequired(model, document, at),
      ...discriminatorRules(model, document, at),
      ...subtypeRules(model, document, at),
    ];
  });
}

/** The model, what it extends, and what that extends. */
function lineage(model: JsonObject, document: JsonObject, seen = new Set<JsonObject>()): JsonObject[] {
  const resolved = resolveReference(document, model);
  if (seen.has(resolved)) return [];
  seen.add(resolved);
  const bases = arrayAt(resolved, "allOf").filter(isObject);
  return [resolved, ...bases.flatMap((base) => lineage(base, document, seen))];
}

function propertyOf(model: JsonObject, name: string, document: JsonObject): Json | undefined {
  for (const each of lineage(model, document)) {
    const properties = objectAt(each, "properties");
    if (Object.hasOwn(properties, name)) return properties[name];
  }
  return undefined;
}

function undeclaredRequired(model: JsonObject, document: JsonObject, at: Path): Violation[] {
  const isOpen = ["additionalProperties", "patternProperties", "anyOf", "oneOf"].some(
    (keyword) => keyword in model,
  );
  if (isOpen || !("properties" in model)) return [];
  return arrayAt(model, "required").flatMap((name, index) => {
    if (typeof name !== "string" || propertyOf(model, name, document) !== undefined) return [];
    const place = pointer([...at, "required", index]);
    const expected = "the name of a property that the model declares";
    return [violation({ code: "REQUIRED_PROPERTY_NOT_DECLARED", pointer: place, expected, actual: name })];
  });
}

function discriminatorName({ discriminator }: JsonObject): string | undefined {
  if (isObject(discriminator)) return stringAt(discriminator, "propertyName");
  return typeof discriminator === "string" ? discriminator : undefined;
}

function discriminatorRules(model: JsonObject, document: JsonObject, at: Path): Violation[] {
  const name = discriminatorName(model);
  // A union has no properties of its own: its members declare the one that tells them apart.
  if (name === undefined || "oneOf" in model || "anyOf" in model) return [];
  const place = pointer([...at, "discriminator"]);
  const found: Violation[] = [];
  const property = propertyOf(model, name, document);
  const type = isObject(property) ? resolveReference(document, property)["type"] : undefined;
  if (type !== undefined && type !== "string") {
    const expected = `a property of type string as discriminator; ${shown(name)} has another type`;
    found.push(violation({ code: "DISCRIMINATOR_TYPE_INVALID", pointer: place, expected, actual: type }));
  }
  if (!lineage(model, document).some((each) => arrayAt(each, "required").includes(name))) {
    const expected = `the discriminator ${shown(name)} to be a required property`;
    found.push(violation({ code: "DISCRIMINATOR_NOT_REQUIRED", pointer: place, expected }));
  }
  return found;
}

function subtypeRules(model: JsonObject, document: JsonObject, at: Path): Violation[] {
  const value = model["x-ms-discriminator-value"];
  if (value === undefined) return [];
  const place = pointer([...at, "x-ms-discriminator-value"]);
  const name = lineage(model, document)
    .map(discriminatorName)
    .find((each) => each !== undefined);
  if (name === undefined) {
    const expected = "a model that extends one with a discriminator";
    return [violation({ code: "DISCRIMINATOR_NOT_DECLARED", pointer: place, expected, actual: value })];
  }
  const property = propertyOf(model, name, document);
  const listed = isObject(property) ? arrayAt(resolveReference(document, property), "enum") : [];
  if (listed.length === 0 || listed.includes(value)) return [];
  const expected = `one of ${listed.map(shown).join(", ")}, which ${shown(name)} lists`;
  return [violation({ code: "DISCRIMINATOR_VALUE_NOT_LISTED", pointer: place, expected, actual: value })];
}
