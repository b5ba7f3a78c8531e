import { isObject, type JsonObject } from "../spec/index.js";

/** The manifest. `comment` stands where npm keeps comments; the package is private, since publishing it is no automatism. */
export function emitPackageFile(document: JsonObject, comment: string): string {
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
export function emitTsconfig(): string {
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

export function emitIndex(): string {
  return `import type { components } from "./schema.js";

export { type Operation, type OperationId, operations, type Parameter } from "./operations.js";
export type { components, operations as OperationTypes, paths } from "./schema.js";

/** The models of the API by name, exactly as they are on the wire. */
export type Schemas = components["schemas"];
`;
}
