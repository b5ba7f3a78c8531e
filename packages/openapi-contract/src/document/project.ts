import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { arrayAt, isObject, type JsonObject, SpecError } from "./json.js";
import { loadObject } from "./load.js";

/**
 * A project that keeps its contract, and what is generated from it, in one repository. Read from `openapi-contract.json` at
 * its root. Paths count from there.
 */
export interface Project {
  readonly root: string;
  /** A Swagger 2.0 or OpenAPI 3 document. */
  readonly spec: string;
  /** An OpenAPI Overlay for its 3.1 form. */
  readonly overlay: string;
  /** Whether every warning about the specification is an error (see `loadContract`). Default: false. */
  readonly strict: boolean;
  /** The folder with examples, in the `x-ms-examples` form. */
  readonly examples: string;
  /** The folder for the generated types, operation table and document. Holds nothing else. */
  readonly types: string;
  /** The folder for the examples with their types. Holds nothing else. */
  readonly typedExamples: string;
  /** The `package.json` of the package with the types. Its version tells what was released last. */
  readonly manifest: string;
  /** The field of that manifest that gets the version and the digest of the contract. */
  readonly manifestField: string;
  /** The comment at the top of the generated document. */
  readonly comment: string;
  /** Where the contract of the last release is kept. */
  readonly released: string;
  /** The packages that a change of the contract reaches, the one with the types first. */
  readonly packages: readonly [string, ...string[]];
  /** What `update` takes over: paths that begin like this. */
  readonly updatedPaths: string;
  /** How people in this project run the commands, for messages. */
  readonly commands: { readonly generate: string; readonly diff: string };
}

const projectFile = "openapi-contract.json";

/** Throws SpecError when there is no such file, or when something is missing in it. */
export function readProject(folder: string, name = projectFile): Project {
  const path = resolve(folder, name);
  const root = dirname(path);
  if (!existsSync(path)) {
    const message = "is missing: run the command in the folder that holds it, or pass --config";
    throw new SpecError([{ file: name, pointer: "", message }]);
  }
  const { file, value } = loadObject(path);
  const text = (object: JsonObject, name: string): string => {
    const found = object[name];
    if (typeof found === "string" && found !== "") return found;
    throw new SpecError([{ file, pointer: `#/${name}`, message: "must be a text that is not empty" }]);
  };
  const [first, ...others] = arrayAt(value, "packages").map(String);
  if (first === undefined) {
    throw new SpecError([{ file, pointer: "#/packages", message: "must name at least one package" }]);
  }
  const commands = isObject(value["commands"]) ? value["commands"] : {};
  return {
    root,
    spec: text(value, "spec"),
    overlay: text(value, "overlay"),
    strict: value["strict"] === true,
    examples: text(value, "examples"),
    types: text(value, "types"),
    typedExamples: text(value, "typedExamples"),
    manifest: text(value, "manifest"),
    manifestField: text(value, "manifestField"),
    comment: text(value, "comment"),
    released: text(value, "released"),
    packages: [first, ...others],
    updatedPaths: text(value, "updatedPaths"),
    commands: { generate: text(commands, "generate"), diff: text(commands, "diff") },
  };
}
