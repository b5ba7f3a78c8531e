import { inlineExamples } from "./examples.js";
import type { JsonObject } from "./json.js";
import { displayPath, loadObject } from "./load.js";
import { applyOverlay } from "./overlay.js";
import { SpecError } from "./problem.js";
import { convertSwagger } from "./swagger2/convert.js";
import { validateDocument } from "./validate.js";

export { operationsOf, resolveReference } from "./document.js";
export { isObject, type Json, type JsonObject } from "./json.js";
export { displayPath, loadObject } from "./load.js";
export { escapePart, type Path, pointer } from "./pointer.js";
export { type Problem, problemLine, SpecError } from "./problem.js";

export interface ContractFiles {
  /** A Swagger 2.0 or OpenAPI 3.1 document, YAML or JSON. */
  readonly spec: string;
  /** An OpenAPI Overlay for its 3.1 form. */
  readonly overlay?: string | undefined;
}

/**
 * Reads a contract: validate → OpenAPI 3.1 → overlay → validate. The result is one self-contained OpenAPI 3.1
 * document. Throws SpecError naming file and place for everything that cannot be used.
 */
export async function loadContract({ spec, overlay }: ContractFiles): Promise<JsonObject> {
  const { value } = loadObject(spec);
  const file = displayPath(spec);
  const version = String(value["swagger"] ?? value["openapi"]);
  if (version !== "2.0" && !version.startsWith("3.1.")) {
    throw new SpecError([
      { file, pointer: "#", message: "expected a Swagger 2.0 or an OpenAPI 3.1 document" },
    ]);
  }
  await validateDocument(file, value);
  const bundled = inlineExamples(spec, value);
  const converted = version === "2.0" ? convertSwagger(file, bundled) : bundled;
  if (overlay === undefined) return converted;
  const overlaid = applyOverlay(converted, loadObject(overlay));
  await validateDocument(displayPath(overlay), overlaid);
  return overlaid;
}
