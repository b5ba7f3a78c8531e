import { withoutCircles } from "../convert/circles.js";
import { upgradeDocument } from "../convert/openapi3.js";
import { plainSchemas } from "../convert/plain-schemas.js";
import { expandDiscriminators } from "../convert/polymorphism.js";
import { recognize, repairOperations } from "../convert/repair.js";
import { convertSwagger, mergeExtraPaths } from "../convert/swagger2.js";
import { bundle } from "../document/bundle.js";
import { type JsonObject, type OnWarning, type Problem, problemLine, SpecError } from "../document/json.js";
import { displayPath, inlineExamples, loadObject } from "../document/load.js";
import { structuralProblems, validateDocument } from "../document/validate.js";
import { applyOverlay } from "./overlay.js";

export interface ContractFiles {
  /** A Swagger 2.0 or OpenAPI 3.0, 3.1 or 3.2 document, YAML or JSON. It may refer to other files. */
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
  /** Called for every warning, in the order of the document. Default: a line on the standard error output. */
  readonly onWarning?: OnWarning | undefined;
}

/**
 * Reads a contract: bundle → validate → OpenAPI 3.1 → unions → overlays → validate. The result is one self-contained OpenAPI 3.1
 * document. Throws SpecError naming file and place for everything that cannot be used.
 */
export async function loadContract(files: ContractFiles): Promise<JsonObject> {
  const { spec, overlay, strict = false, lenient = false, onWarning = printWarning } = files;
  const warnings: Problem[] = [];
  const warn: OnWarning = strict ? (problem) => warnings.push(problem) : onWarning;
  const document = await readContract(spec, [overlay ?? []].flat(), { strict, lenient, warn });
  if (warnings.length > 0) throw new SpecError(warnings);
  return document;
}

function printWarning(problem: Problem): void {
  console.warn(`warning: ${problemLine(problem)}`);
}

interface Rules {
  readonly strict: boolean;
  readonly lenient: boolean;
  readonly warn: OnWarning;
}

async function readContract(spec: string, overlays: readonly string[], rules: Rules): Promise<JsonObject> {
  const { strict, lenient, warn } = rules;
  const file = displayPath(spec);
  const { document: bundled, locate } = bundle(spec, warn, lenient && !strict);
  const told: OnWarning = (problem) => warn(locate(problem));
  try {
    const contract = await convert(spec, file, bundled, told, strict);
    return await overlaid(contract, overlays, strict, warn);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new SpecError(error.problems.map(locate), { cause: error });
  }
}

/** The OpenAPI 3.1 form of a document in one piece. */
async function convert(
  spec: string,
  file: string,
  bundled: JsonObject,
  warn: OnWarning,
  strict: boolean,
): Promise<JsonObject> {
  const { format, document } = recognize(file, mergeExtraPaths(file, bundled, warn), warn);
  const repaired = repairOperations(file, document, warn);
  await validateDocument(file, repaired, warn);
  const complete = inlineExamples(spec, repaired, warn);
  const modern = format === "2.0" ? convertSwagger(file, complete, warn) : complete;
  const upgraded = upgradeDocument(file, modern, format === "2.0" ? "3.1" : format, warn);
  const plain = plainSchemas(expandDiscriminators(file, upgraded, warn));
  const contract = withoutCircles(file, plain, warn);
  // Before the overlays, so that what the specification is to blame for is not said of them.
  if (strict) await validateDocument(file, contract);
  return contract;
}

async function overlaid(
  contract: JsonObject,
  overlays: readonly string[],
  strict: boolean,
  warn: OnWarning,
): Promise<JsonObject> {
  let result = contract;
  for (const overlay of overlays) {
    const file = displayPath(overlay);
    const before = new Set((await structuralProblems(file, result)).map(problemLine));
    result = applyOverlay(result, loadObject(overlay, warn), { strict, warn });
    await validateDocument(file, result, (problem) => {
      if (!before.has(problemLine(problem))) warn(problem);
    });
  }
  return result;
}
