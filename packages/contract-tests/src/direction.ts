import { isObject, type Json, type JsonObject, mapValues } from "@sf-image-store/scripts/spec";
import { partsOf } from "./declared-properties.js";

/** Which way a value goes: models serve both, and mark the properties that only one of them has. */
export type Direction = "request" | "answer";

const othersKeyword = { request: "readOnly", answer: "writeOnly" } as const;

/**
 * `schema` as it holds for values that go in this direction: what only the other one has is not required. An answer with a
 * `writeOnly` property is wrong, for that is how documents keep secrets. A request may hold `readOnly` ones: whoever sends
 * back what was received has them, and servers ignore them.
 */
export function inDirection(schema: JsonObject, document: JsonObject, direction: Direction): JsonObject {
  const keyword = othersKeyword[direction];
  const isOthers = (property: Json): boolean =>
    isObject(property) && partsOf(property, document, new Set()).some((part) => part[keyword] === true);
  const { required, properties } = schema;
  const result = { ...schema };
  if (Array.isArray(required)) {
    const others = new Set(
      partsOf(schema, document, new Set()).flatMap((part) =>
        Object.entries(isObject(part["properties"]) ? part["properties"] : {}).flatMap(([name, property]) =>
          isOthers(property) ? [name] : [],
        ),
      ),
    );
    result["required"] = required.filter((name) => typeof name !== "string" || !others.has(name));
  }
  if (direction === "answer" && isObject(properties))
    result["properties"] = mapValues(properties, (property) => (isOthers(property) ? false : property));
  return result;
}
