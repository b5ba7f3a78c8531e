import { arrayAt, isObject, type Json, type JsonObject, objectAt } from "../json.js";

/** The constants that subtypes have in their discriminator properties, collected union by union. */
export class Pins {
  readonly #values = new Map<string, Map<string, Set<string>>>();

  add(component: string, property: string, value: string): void {
    const properties = this.#values.get(component) ?? new Map<string, Set<string>>();
    this.#values.set(component, properties);
    properties.set(property, (properties.get(property) ?? new Set()).add(value));
  }

  /** `schema` with its constants. They are required: without them nobody could tell what a value is. */
  apply(component: string, schema: JsonObject): JsonObject {
    const pinned = this.#values.get(component);
    if (pinned === undefined || "oneOf" in schema || "anyOf" in schema) return schema;
    // Beside a reference a property would go unread by those who follow it.
    const { $ref, ...rest } = schema;
    const object: JsonObject = $ref === undefined ? schema : { ...rest, allOf: [{ $ref }] };
    const properties = { ...objectAt(object, "properties") };
    const required = new Set(arrayAt(object, "required"));
    for (const [name, values] of pinned) {
      properties[name] = constant(properties[name], [...values]);
      required.add(name);
    }
    return { type: "object", ...object, properties, required: [...required] };
  }
}

/** What the schema said of the property before stays, but for what the constant says better. */
function constant(own: Json | undefined, values: readonly string[]): JsonObject {
  const [only, second] = values;
  const fixed: JsonObject = {
    type: "string",
    ...(second === undefined ? { const: only ?? "" } : { enum: [...values] }),
  };
  if (!isObject(own)) return fixed;
  const { $ref, enum: _enum, const: _const, anyOf: _anyOf, type: _type, "x-ms-enum": _open, ...kept } = own;
  return { ...kept, ...($ref === undefined ? {} : { allOf: [{ $ref }] }), ...fixed };
}
