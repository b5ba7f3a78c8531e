import { circularSchemas } from "./circular-schemas.js";
import { inlineExamples, type OnMissing } from "./examples.js";
import type { JsonObject } from "./json.js";
import { displayPath, loadObject } from "./load.js";
import { upgradeDocument } from "./openapi30/upgrade.js";
import { unknownKeywords } from "./openapi31/keywords.js";
import { nameOperations } from "./operation-names.js";
import { applyOverlay } from "./overlay.js";
import { inlinePathItems } from "./path-items.js";
import { expandDiscriminators } from "./polymorphism/expand.js";
import { SpecError } from "./problem.js";
import { convertSwagger } from "./swagger2/convert.js";
import { mergeExtraPaths } from "./swagger2/servers.js";
import { validateDocument } from "./validate.js";

export { operationParameters, operationsOf, resolveReference } from "./document.js";
export { exampleOwners } from "./examples.js";
export { arrayAt, isObject, type Json, type JsonObject, mapValues, objectAt, stringAt } from "./json.js";
export { displayPath, loadObject } from "./load.js";
export { escapePart, type Path, pointer, referencePath, valueAt } from "./pointer.js";
export { type Problem, problemLine, SpecError } from "./problem.js";
export { mapInnerSchemas, mapSchemas } from "./schema-places.js";
export { selectOperations } from "./select.js";
export { typeName, valueSchema } from "./value-type.js";

export interface ContractFiles {
  /** A Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1 document, YAML or JSON. */
  readonly spec: string;
  /** An OpenAPI Overlay for its 3.1 form. */
  readonly overlay?: string | undefined;
  /** Told of examples that the document names and that cannot be used; without it they are an error. */
  readonly onMissingExample?: OnMissing | undefined;
}

/**
 * Reads a contract: validate → OpenAPI 3.1 → unions → overlay → validate. The result is one self-contained OpenAPI 3.1
 * document. Throws SpecError naming file and place for everything that cannot be used.
 */
export async function loadContract({ spec, overlay, onMissingExample }: ContractFiles): Promise<JsonObject> {
  const file = displayPath(spec);
  const document = nameOperations(inlinePathItems(mergeExtraPaths(loadObject(spec).value)));
  const dialect = dialectOf(file, document);
  await validateDocument(file, document);
  const bundled = inlineExamples(spec, document, onMissingExample);
  const converted = expandDiscriminators(file, dialect(file, bundled));
  // Before the overlay, so that what the specification is to blame for is not said of the overlay.
  await validateDocument(file, converted);
  const circles = circularSchemas(file, converted);
  if (circles.length > 0) throw new SpecError(circles);
  if (overlay === undefined) return converted;
  const overlaid = applyOverlay(converted, loadObject(overlay));
  await validateDocument(displayPath(overlay), overlaid);
  return overlaid;
}

type Dialect = (file: string, document: JsonObject) => JsonObject;

function dialectOf(file: string, document: JsonObject): Dialect {
  if (document["swagger"] === "2.0") return convertSwagger;
  const version = String(document["openapi"]);
  if (version.startsWith("3.0.")) return (_, older) => upgradeDocument(older);
  if (version.startsWith("3.1.")) return checkedDocument;
  const message = "expected a Swagger 2.0, an OpenAPI 3.0 or an OpenAPI 3.1 document";
  throw new SpecError([{ file, pointer: "#", message }]);
}

function checkedDocument(file: string, document: JsonObject): JsonObject {
  const problems = unknownKeywords(file, document);
  if (problems.length > 0) throw new SpecError(problems);
  return document;
}
