import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { arrayAt, isObject, type JsonObject, type Path, pointer, SpecError } from "./json.js";
import { loadObject } from "./load.js";

/**
 * A contract that a project keeps in its repository, with what is generated from it. Read from `openapi-contract.json` at the
 * root of the repository. Paths count from there.
 */
export interface Project {
  readonly root: string;
  /** Its name under `documents`. Empty if the file describes only one contract. */
  readonly name: string;
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
  /** What `update` takes over beside the paths that the specification has: those that begin with one of these. */
  readonly updatedPaths: readonly string[];
  /** How people in this project run the commands, for messages. */
  readonly commands: { readonly generate: string; readonly diff: string };
}

const projectFile = "openapi-contract.json";

export type Projects = readonly [Project, ...Project[]];

/**
 * The contracts of a project: one, or those that `documents` names. A document inherits every field of the file that it does
 * not have itself. Throws SpecError when there is no such file, or when something is missing in it.
 */
export function readProjects(folder: string, name = projectFile): Projects {
  const path = resolve(folder, name);
  if (!existsSync(path)) {
    const message = "is missing: run the command in the folder that holds it, or pass --config";
    throw new SpecError([{ file: name, pointer: "", message }]);
  }
  const { file, value } = loadObject(path);
  const { documents, ...shared } = value;
  const root = dirname(path);
  if (documents === undefined) return [readOne({ file, root, name: "", path: [] }, shared)];
  const [first, ...others] = Object.entries(isObject(documents) ? documents : {}).map(([name, own]) =>
    readOne({ file, root, name, path: ["documents", name] }, { ...shared, ...(isObject(own) ? own : {}) }),
  );
  if (first === undefined) {
    const message = "must be an object with at least one document, by name";
    throw new SpecError([{ file, pointer: "#/documents", message }]);
  }
  refuseSharedPlaces(file, [first, ...others]);
  return [first, ...others];
}

interface Place {
  readonly file: string;
  readonly root: string;
  readonly name: string;
  readonly path: Path;
}

function readOne({ file, root, name, path }: Place, value: JsonObject): Project {
  const wrong = (field: string, message: string) =>
    new SpecError([{ file, pointer: pointer([...path, field]), message }]);
  const text = (object: JsonObject, field: string): string => {
    const found = object[field];
    if (typeof found === "string" && found !== "") return found;
    throw wrong(field, "must be a text that is not empty");
  };
  const [first, ...others] = arrayAt(value, "packages").map(String);
  if (first === undefined) throw wrong("packages", "must name at least one package");
  const commands = isObject(value["commands"]) ? value["commands"] : {};
  return {
    root,
    name,
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
    updatedPaths: Array.isArray(value["updatedPaths"])
      ? value["updatedPaths"].map(String)
      : [text(value, "updatedPaths")],
    commands: { generate: text(commands, "generate"), diff: text(commands, "diff") },
  };
}

/** Two documents that write to the same place would replace each other. */
function refuseSharedPlaces(file: string, projects: Projects): void {
  for (const field of ["types", "typedExamples", "released", "manifestField"] as const) {
    const owners = new Map<string, string>();
    for (const project of projects) {
      const place = field === "manifestField" ? `${project.manifest} ${project[field]}` : project[field];
      const owner = owners.get(place);
      if (owner !== undefined) {
        const message = `is the same as in the document ${owner}; each document needs its own`;
        throw new SpecError([{ file, pointer: pointer(["documents", project.name, field]), message }]);
      }
      owners.set(place, project.name);
    }
  }
}
