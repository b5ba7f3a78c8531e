import { isObject, type JsonObject, objectAt } from "../json.js";
import { type Path, pointer, walkObjects } from "../pointer.js";
import type { Problem } from "../problem.js";

/** What a valid Swagger 2.0 document can say and OpenAPI 3.1 cannot. Leaving it out would change the contract unseen. */
export function inexpressible(file: string, swagger: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const report = (path: Path, message: string) => {
    problems.push({ file, pointer: pointer(path), message });
  };
  walkObjects(swagger, (object, path) => {
    if (path.some((part) => dataMembers.has(String(part)))) return;
    const format = object["collectionFormat"];
    if (typeof format === "string" && format !== "csv") {
      const message = formatProblem(object, format);
      if (message !== undefined) report([...path, "collectionFormat"], message);
    }
    if (object["in"] === "formData" && object["allowEmptyValue"] !== undefined)
      report([...path, "allowEmptyValue"], "empty values of a form field have no form in OpenAPI 3.1");
  });
  for (const url of Object.keys(objectAt(swagger, "x-ms-paths"))) {
    if (!url.includes("?") && isObject(objectAt(swagger, "paths")[url])) continue;
    report(["x-ms-paths", url], "paths told apart by their query have no form in OpenAPI 3.1");
  }
  return problems;
}

/** Members whose content is data, which only looks like a part of the document. */
const dataMembers = new Set(["x-ms-examples", "example", "examples", "default", "enum"]);

function formatProblem(object: JsonObject, format: string): string | undefined {
  const place = object["in"];
  if (format === "tsv") return "tab-separated arrays have no form in OpenAPI 3.1";
  if (object["type"] !== "array") return "only an array has a collectionFormat";
  if (place === "query" || place === "formData") return undefined;
  return `arrays in the format ${format} have no form in OpenAPI 3.1 outside of queries and forms`;
}
