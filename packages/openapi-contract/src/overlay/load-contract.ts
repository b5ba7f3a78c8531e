import { unknownKeywords, upgradeDocument } from "../convert/openapi3.js";
import { expandDiscriminators } from "../convert/polymorphism.js";
import { convertSwagger, mergeExtraPaths } from "../convert/swagger2.js";
import { inlinePathItems, nameOperations } from "../document/document.js";
import { type JsonObject, type OnWarning, type Problem, problemLine, SpecError } from "../document/json.js";
import { displayPath, inlineExamples, loadObject } from "../document/load.js";
import { circularSchemas } from "../document/schemas.js";
import { validateDocument } from "../document/validate.js";
import { applyOverlay } from "./overlay.js";

export interface ContractFiles {
  /** A Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1 document, YAML or JSON. */
  readonly spec: string;
  /** OpenAPI Overlays for its 3.1 form, applied in this order. */
  readonly overlay?: string | readonly string[] | undefined;
  /**
   * Turns every warning into an error, and asks of every overlay action a description, an `x-evidence` line and a target that
   * matches something. Default: false.
   */
  readonly strict?: boolean | undefined;
  /** Turns violations of the format of the document into warnings. What is made of it may be incomplete. Default: false. */
  readonly lenient?: boolean | undefined;
  /** Told of every warning, in the order of the document. Default: a line on the standard error output. */
  readonly onWarning?: OnWarning | undefined;
}

/**
 * Reads a contract: validate → OpenAPI 3.1 → unions → overlays → validate. The result is one self-contained OpenAPI 3.1
 * document. Throws SpecError naming file and place for everything that cannot be used.
 */
export async function loadContract(files: ContractFiles): Promise<JsonObject> {
  const { spec, overlay, strict = false, onWarning = printWarning } = files;
  const warnings: Problem[] = [];
  const warn: OnWarning = strict ? (problem) => warnings.push(problem) : onWarning;
  const document = await readContract(spec, [overlay ?? []].flat(), strict, warn);
  if (warnings.length > 0) throw new SpecError(warnings);
  return document;
}

function printWarning(problem: Problem): void {
  console.warn(`warning: ${problemLine(problem)}`);
}

async function readContract(
  spec: string,
  overlays: readonly string[],
  strict: boolean,
  warn: OnWarning,
): Promise<JsonObject> {
  const file = displayPath(spec);
  const document = nameOperations(inlinePathItems(mergeExtraPaths(loadObject(spec).value)));
  const dialect = dialectOf(file, document);
  await validateDocument(file, document);
  const bundled = inlineExamples(spec, document, warn);
  let contract = expandDiscriminators(file, dialect(file, bundled));
  // Before the overlays, so that what the specification is to blame for is not said of them.
  await validateDocument(file, contract);
  const circles = circularSchemas(file, contract);
  if (circles.length > 0) throw new SpecError(circles);
  for (const overlay of overlays) {
    contract = applyOverlay(contract, loadObject(overlay), { strict, warn });
    await validateDocument(displayPath(overlay), contract);
  }
  return contract;
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
