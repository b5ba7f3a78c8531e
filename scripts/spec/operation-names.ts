import { operationsOf } from "./document.js";
import type { JsonObject } from "./json.js";

/**
 * Gives every operation without an operationId one made of its method and URL, such as `GetPetsById` for
 * `GET /pets/{id}`: everything that is generated goes by that name.
 */
export function nameOperations(document: JsonObject): JsonObject {
  const result = structuredClone(document);
  const operations = operationsOf(result);
  const taken = new Set(operations.map(({ operation }) => operation["operationId"]));
  for (const { operation, method, url } of operations) {
    if (operation["operationId"] !== undefined) continue;
    const words = `${method}/${url.replaceAll("{", "by-")}`
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => word !== "");
    const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
    const free = [name, ...operations.map((_, index) => `${name}${index + 2}`)].find(
      (each) => !taken.has(each),
    );
    operation["operationId"] = free ?? name;
    taken.add(operation["operationId"]);
  }
  return result;
}
