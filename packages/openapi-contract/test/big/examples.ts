import { operationsOf, resolveReference } from "../../src/document/document.js";
import { isObject, type Json, type JsonObject } from "../../src/document/json.js";

const texts: Readonly<Record<string, string>> = {
  "date-time": "2017-09-28T17:06:37.260Z",
  uuid: "4a2340e8-d8d8-497c-95fe-cdaa1052f33b",
  duration: "P0DT1H2M3.5S",
  double: "-0.25",
};

/** A valid example for every operation of a Swagger document that names one, by the name of its file. */
export function examplesFor(swagger: JsonObject): Map<string, JsonObject> {
  const examples = new Map<string, JsonObject>();
  const instances = new Instances(swagger);
  for (const { operation, path } of operationsOf(swagger)) {
    const [named] = isObject(operation["x-ms-examples"]) ? Object.values(operation["x-ms-examples"]) : [];
    if (!isObject(named)) continue;
    const given = (Array.isArray(operation["parameters"]) ? operation["parameters"] : [])
      .filter(isObject)
      .map((parameter) => resolveReference(swagger, parameter));
    const parameters = given.map((parameter): [string, Json] => [
      String(parameter["name"]),
      instances.of(isObject(parameter["schema"]) ? parameter["schema"] : parameter),
    ]);
    const responses = isObject(operation["responses"]) ? operation["responses"] : {};
    const [status = "200"] = Object.keys(responses);
    const response = responses[status];
    const schema = isObject(response) ? response["schema"] : undefined;
    // Every third goes without the name of its operation, as among the vendor's examples.
    const hasId = examples.size % 3 !== 0;
    examples.set(String(named["$ref"]).replace("./examples/", ""), {
      ...(hasId ? { operationId: operation["operationId"] ?? "" } : {}),
      description: `An example for ${path.join(" ")}`,
      parameters: Object.fromEntries(parameters),
      responses: { [status]: { headers: {}, ...(isObject(schema) ? { body: instances.of(schema) } : {}) } },
    });
  }
  return examples;
}

const deepest = 5;

/** Makes values of schemas; of a base with a discriminator, one subtype after the other. */
class Instances {
  readonly #definitions: JsonObject;
  readonly #children = new Map<string, string[]>();
  #turn = 0;

  constructor(swagger: JsonObject) {
    this.#definitions = isObject(swagger["definitions"]) ? swagger["definitions"] : {};
    for (const [name, definition] of Object.entries(this.#definitions)) {
      for (const base of basesOf(definition))
        this.#children.set(base, [...(this.#children.get(base) ?? []), name]);
    }
  }

  of(schema: JsonObject, depth = 0): Json {
    const reference = schema["$ref"];
    if (typeof reference === "string") return this.of(this.#definition(reference), depth + 1);
    const listed = schema["enum"];
    if (Array.isArray(listed)) return listed[this.#turn++ % listed.length] ?? null;
    if (schema["type"] === "array" && isObject(schema["items"]))
      return depth > deepest ? [] : [this.of(schema["items"], depth + 1)];
    if (schema["properties"] !== undefined || schema["allOf"] !== undefined)
      return this.#object(schema, depth);
    if (schema["type"] === "object") return { anything: "text" };
    if (schema["type"] === "boolean") return true;
    if (schema["type"] === "integer" || schema["type"] === "number") return 5;
    return texts[String(schema["format"])] ?? "text";
  }

  /** The definition that a reference leads to, or one of its subtypes. */
  #definition(reference: string): JsonObject {
    const name = reference.replace("#/definitions/", "");
    const below = this.#members(name);
    const chosen = below[this.#turn++ % Math.max(1, below.length)] ?? name;
    const definition = this.#definitions[chosen];
    if (!isObject(definition)) throw new Error(`no definition of ${chosen}`);
    return definition;
  }

  /** What has a value of its own among the subtypes; the base itself does not have one, or is among them. */
  #members(base: string): string[] {
    const itself = this.#definitions[base];
    const below = (this.#children.get(base) ?? []).flatMap((name) => this.#members(name));
    const isMember = isObject(itself) && itself["x-ms-discriminator-value"] !== undefined;
    return [...(isMember ? [base] : []), ...below];
  }

  #object(schema: JsonObject, depth: number): JsonObject {
    const made: JsonObject = {};
    for (const base of basesOf(schema)) {
      const definition = this.#definitions[base];
      if (isObject(definition)) Object.assign(made, this.#object(definition, depth));
    }
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    for (const [name, property] of Object.entries(
      isObject(schema["properties"]) ? schema["properties"] : {},
    )) {
      const isWanted = depth < deepest || required.includes(name);
      if (isObject(property) && isWanted) made[name] = this.of(property, depth + 1);
    }
    for (const kind of ["Kind", "kind", "ServiceKind"])
      if (kind in made && schema["x-ms-discriminator-value"] !== undefined)
        made[kind] = schema["x-ms-discriminator-value"];
    return made;
  }
}

function basesOf(definition: Json | undefined): string[] {
  const parts = isObject(definition) ? definition["allOf"] : undefined;
  return (Array.isArray(parts) ? parts : []).flatMap((part) =>
    isObject(part) ? [String(part["$ref"]).replace("#/definitions/", "")] : [],
  );
}
