import { createHash } from "node:crypto";
import { basename } from "node:path";
import { selectOperations } from "../document/document.js";
import { isObject, type JsonObject, type OnWarning, pointer, SpecError } from "../document/json.js";
import { displayPath } from "../document/load.js";
import type { Project } from "../document/project.js";
import { untypedKeywords } from "../document/schemas.js";
import { type ContractFiles, loadContract } from "../overlay/load-contract.js";
import { emitClient } from "./client.js";
import { emitDocument, emitExamples, emitOperations, unemittedOperations } from "./operations.js";
import { marker, type Outputs } from "./outputs.js";
import { emitReadme } from "./readme.js";
import { emitTypes } from "./types.js";

export interface Request extends ContractFiles {
  readonly overlay: readonly string[];
  /** Tags, beginnings of paths (which begin with /) and operation IDs: what is made, with what it needs. Empty: everything. */
  readonly only: readonly string[];
  readonly onWarning: OnWarning;
}

/** A package for any document: types, operation table, client and document, by its paths inside the package. */
export async function clientPackage(request: Request): Promise<Outputs> {
  const document = await selectedContract(request);
  warnOfUnemitted(request.spec, document, request.onWarning);
  const line = headerLine(request);
  const header = `// ${line}\n\n`;
  const { title } = titleOf(document);
  const name = `${slug(title)}-client`;
  return new Map([
    ["package.json", emitPackageFile(document, name, line)],
    ["tsconfig.json", header + emitTsconfig()],
    ["README.md", emitReadme(document, name, line)],
    ["src/index.ts", header + emitIndex()],
    ["src/client.ts", header + emitClient(document)],
    ["src/schema.ts", header + emitTypes(document)],
    ["src/operations.ts", header + emitOperations(document)],
    ["src/openapi.ts", header + emitDocument(document, `${title} as an OpenAPI 3.1 document.`)],
  ]);
}

/** The types alone, as one module. They go through the types of openapi-fetch, which open lists of values do not survive. */
export async function typesModule(request: Request): Promise<string> {
  return `// ${headerLine(request)}\n\n${emitTypes(await selectedContract(request), "plain")}`;
}

/** Names alone: where the files lie differs from machine to machine. */
function headerLine({ spec, overlay, only }: Request): string {
  const sources = [spec, ...overlay].map((file) => basename(file));
  const part = only.length === 0 ? "" : ` (only ${only.join(", ")})`;
  return `${marker} from ${sources.join(" and ")}${part}. Do not edit: run it again.`;
}

async function selectedContract(request: Request): Promise<JsonObject> {
  const { spec, only } = request;
  const document = await loadContract(request);
  warnOfLooseTypes(spec, document, request.onWarning);
  if (only.length === 0) return document;
  const missing = only.filter((each) => selectOperations(document, [each]) === undefined);
  const problems = missing.map((each) => {
    const what = each.startsWith("/") ? `path begins with ${each}` : `tag or operationId is ${each}`;
    return {
      file: displayPath(spec),
      pointer: pointer(["paths"]),
      message: `there is no operation whose ${what}`,
    };
  });
  if (problems.length > 0) throw new SpecError(problems);
  return selectOperations(document, only) ?? document;
}

/** Tells of every keyword by which the document allows less than the types do. */
export function warnOfLooseTypes(spec: string, document: JsonObject, onWarning: OnWarning): void {
  for (const problem of untypedKeywords(displayPath(spec), document)) onWarning(problem);
}

/** Tells of every operation that has no place in the operation table: those the client of the API answers, not the server. */
export function warnOfUnemitted(spec: string, document: JsonObject, onWarning: OnWarning): void {
  const message = "is answered by whoever calls the API: it is not in the operation table";
  for (const path of unemittedOperations(document))
    onWarning({ file: displayPath(spec), pointer: pointer(path), message });
}

function titleOf(document: JsonObject): { title: string } {
  const { info } = document;
  const title =
    typeof info === "object" && info !== null && "title" in info ? String(info["title"]) : "An API";
  // A comment must not end early.
  return { title: title.replaceAll("*/", "* /").replaceAll(/\s+/g, " ") };
}

/** The manifest. `comment` stands where npm keeps comments; the package is private, since publishing it is no automatism. */
function emitPackageFile(document: JsonObject, name: string, comment: string): string {
  const info = isObject(document["info"]) ? document["info"] : {};
  const title = String(info["title"]);
  const entry = (module: string) => ({ types: `./dist/${module}.d.ts`, default: `./dist/${module}.js` });
  const manifest = {
    "//": comment,
    name,
    version: "0.0.0",
    private: true,
    description: `Typed client for ${title}, version ${String(info["version"])}`,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: { ".": entry("index"), "./openapi": entry("openapi"), "./package.json": "./package.json" },
    files: ["dist", "src"],
    scripts: { build: "tsc -p tsconfig.json" },
    dependencies: { "openapi-fetch": "^0.17.0" },
    devDependencies: { typescript: ">=5.7" },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function slug(title: string): string {
  const words = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 100)
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

export { type Answer, ApiError, type Client, type ClientOptions, createClient, unwrap } from "./client.js";
export { type Operation, type OperationId, operations, type Parameter } from "./operations.js";
export type { components, operations as OperationTypes, paths } from "./schema.js";

/** The models of the API by name, exactly as they are on the wire. */
export type Schemas = components["schemas"];
`;
}

/** What is generated for a project from its contract. Pure: the same document gives the same bytes on every machine. */
export function generateProject(project: Project, document: JsonObject): Outputs {
  const { types, typedExamples, commands } = project;
  const header = `// Generated by \`${commands.generate}\` from ${project.spec} and ${project.overlay}. Do not edit: change those and run it again.\n\n`;
  return new Map([
    [`${types}/schema.ts`, header + emitTypes(document)],
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
