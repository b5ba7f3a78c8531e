import { dirname, resolve } from "node:path";
import { operationsOf } from "./document.js";
import { isObject, type JsonObject, mapValues, objectAt, stringAt } from "./json.js";
import { loadObject } from "./load.js";
import { pointer } from "./pointer.js";
import { SpecError } from "./problem.js";

/** Replaces the file references under x-ms-examples by the files' contents, so that the document stands alone. */
export function inlineExamples(file: string, document: JsonObject): JsonObject {
  const result = structuredClone(document);
  for (const { operation, path } of operationsOf(result)) {
    if (!isObject(operation["x-ms-examples"])) continue;
    operation["x-ms-examples"] = mapValues(objectAt(operation, "x-ms-examples"), (example, title) => {
      const reference = isObject(example) ? stringAt(example, "$ref") : undefined;
      if (reference === undefined) return example;
      const { file: exampleFile, value } = loadObject(resolve(dirname(file), reference));
      if (value["operationId"] !== undefined && value["operationId"] !== operation["operationId"]) {
        const place = pointer([...path, "x-ms-examples", title]);
        const message = `${exampleFile} is an example of ${String(value["operationId"])}`;
        throw new SpecError([{ file, pointer: place, message }]);
      }
      return value;
    });
  }
  return result;
}
