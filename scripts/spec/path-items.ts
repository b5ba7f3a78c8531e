import { resolveReference } from "./document.js";
import { isObject, type JsonObject, mapValues, objectAt } from "./json.js";

/** Puts path items that are only referred to in their place: whoever lists operations would miss theirs. */
export function inlinePathItems(document: JsonObject): JsonObject {
  const paths = mapValues(objectAt(document, "paths"), (item) => {
    if (!isObject(item) || item["$ref"] === undefined) return item;
    const { $ref: _, ...own } = item;
    const { $ref: _cycle, ...target } = resolveReference(document, item);
    return { ...target, ...own };
  });
  return document["paths"] === undefined ? document : { ...document, paths };
}
