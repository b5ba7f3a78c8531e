import { basename } from "node:path";
import {
  type JsonObject,
  loadContract,
  pointer,
  problemLine,
  SpecError,
  selectOperations,
} from "../spec/index.js";
import { emitDocument } from "./emit-document.js";
import { emitOperations } from "./emit-operations.js";
import { emitIndex, emitPackageFile, emitTsconfig } from "./emit-package.js";
import { warnOfUnemitted } from "./emitted.js";
import { marker } from "./foreign-files.js";
import type { Outputs } from "./pipeline.js";

export interface Request {
  readonly spec: string;
  readonly overlay: string | undefined;
  readonly only: string | undefined;
}

/** A package of types, operation table and document for any document, by its paths inside the package. */
export async function otherPackage({ spec, overlay, only }: Request): Promise<Outputs> {
  const whole = await loadContract({
    spec,
    overlay,
    onMissingExample: (problem) => console.error(`warning: ${problemLine(problem)}`),
  });
  const document = only === undefined ? whole : selected(spec, whole, only);
  warnOfUnemitted(spec, document);
  // Names alone: where the files lie differs from machine to machine.
  const sources = [spec, ...(overlay === undefined ? [] : [overlay])].map((file) => basename(file));
  const part = only === undefined ? "" : ` (only ${only})`;
  const line = `${marker} from ${sources.join(" and ")}${part}. Do not edit: run it again.`;
  const header = `// ${line}\n\n`;
  const { title } = titleOf(document);
  // What makes the types takes a second to load: nobody waits for it before the document has proved usable.
  const { emitTypes } = await import("./emit-types.js");
  return new Map([
    ["package.json", emitPackageFile(document, line)],
    ["tsconfig.json", header + emitTsconfig()],
    ["src/index.ts", header + emitIndex()],
    ["src/schema.ts", header + (await emitTypes(document))],
    ["src/operations.ts", header + emitOperations(document)],
    ["src/openapi.ts", header + emitDocument(document, `${title} as an OpenAPI 3.1 document.`)],
  ]);
}

function selected(spec: string, document: JsonObject, only: string): JsonObject {
  const part = selectOperations(document, only);
  if (part !== undefined) return part;
  const what = only.startsWith("/") ? `path begins with ${only}` : `tag is ${only}`;
  throw new SpecError([
    { file: basename(spec), pointer: pointer(["paths"]), message: `there is no operation whose ${what}` },
  ]);
}

function titleOf(document: JsonObject): { title: string } {
  const { info } = document;
  const title =
    typeof info === "object" && info !== null && "title" in info ? String(info["title"]) : "An API";
  // A comment must not end early.
  return { title: title.replaceAll("*/", "* /") };
}
