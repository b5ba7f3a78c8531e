import { createHash } from "node:crypto";
import { basename } from "node:path";
import { selectOperations } from "../document/document.js";
import { isObject, type JsonObject, pointer, problemLine, SpecError } from "../document/json.js";
import type { Project } from "../document/project.js";
import { loadContract } from "../overlay/load-contract.js";
import { emitDocument, emitExamples, emitOperations, warnOfUnemitted } from "./operations.js";
import { marker, type Outputs } from "./outputs.js";

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
    onWarning: (problem) => console.error(`warning: ${problemLine(problem)}`),
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
  const { emitTypes } = await import("./types.js");
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

/** The manifest. `comment` stands where npm keeps comments; the package is private, since publishing it is no automatism. */
function emitPackageFile(document: JsonObject, comment: string): string {
  const info = isObject(document["info"]) ? document["info"] : {};
  const title = String(info["title"]);
  const entry = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  const manifest = {
    "//": comment,
    name: `${slug(title)}-types`,
    version: "0.0.0",
    private: true,
    description: `Types, operation table and OpenAPI document of ${title}, version ${String(info["version"])}`,
    type: "module",
    sideEffects: false,
    exports: { ".": entry("index"), "./openapi": entry("openapi"), "./package.json": "./package.json" },
    files: ["dist", "src"],
    scripts: { build: "tsc -p tsconfig.json" },
    devDependencies: { typescript: ">=5.9" },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function slug(title: string): string {
  const words = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return words === "" ? "api" : words;
}

/** Compiler options that stand alone: the package may lie anywhere. */
function emitTsconfig(): string {
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "dom"],
    module: "nodenext",
    moduleResolution: "nodenext",
    moduleDetection: "force",
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    declaration: true,
    rootDir: "src",
    outDir: "dist",
  };
  return `${JSON.stringify({ compilerOptions, include: ["src"] }, null, 2)}\n`;
}

function emitIndex(): string {
  return `import type { components } from "./schema.js";

export { type Operation, type OperationId, operations, type Parameter } from "./operations.js";
export type { components, operations as OperationTypes, paths } from "./schema.js";

/** The models of the API by name, exactly as they are on the wire. */
export type Schemas = components["schemas"];
`;
}

/** What is generated for a project from its contract. Pure: the same document gives the same bytes on every machine. */
export async function generateProject(project: Project, document: JsonObject): Promise<Outputs> {
  const { types, typedExamples, commands } = project;
  const header = `// Generated by \`${commands.generate}\` from ${project.spec} and ${project.overlay}. Do not edit: change those and run it again.\n\n`;
  // What makes the types takes a second to load: nobody waits for it before the documents have proved usable.
  const { emitTypes } = await import("./types.js");
  return new Map([
    [`${types}/schema.ts`, header + (await emitTypes(document))],
    [`${types}/operations.ts`, header + emitOperations(document)],
    [`${types}/openapi.ts`, header + emitDocument(document, project.comment)],
    [`${typedExamples}/examples.ts`, header + emitExamples(document)],
  ]);
}

/**
 * The manifest with what the package was made of: the version of the API, and the SHA-256 of the OpenAPI document that it
 * exports, as `JSON.stringify` writes it. Whoever has the package can compute it again.
 */
export function stampManifest(manifest: string, field: string, document: JsonObject): string {
  const info = isObject(document["info"]) ? document["info"] : {};
  const sha256 = createHash("sha256").update(JSON.stringify(document)).digest("hex");
  const stamped = { ...JSON.parse(manifest), [field]: { version: String(info["version"]), sha256 } };
  return `${JSON.stringify(stamped, null, 2)}\n`;
}
