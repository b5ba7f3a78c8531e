import { unknownKeywords, upgradeDocument } from "../convert/openapi3.js";
import { expandDiscriminators } from "../convert/polymorphism.js";
import { convertSwagger, mergeExtraPaths } from "../convert/swagger2.js";
import { inlinePathItems, nameOperations } from "../document/document.js";
import type { JsonObject } from "../document/json.js";
import { SpecError } from "../document/json.js";
import { displayPath, inlineExamples, loadObject, type OnMissing } from "../document/load.js";
import { circularSchemas } from "../document/schemas.js";
import { validateDocument } from "../document/validate.js";
import { applyOverlay } from "./overlay.js";

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
