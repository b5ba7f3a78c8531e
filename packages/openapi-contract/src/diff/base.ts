import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type JsonObject, type OnWarning, SpecError } from "../document/json.js";
import { displayPath, loadObject } from "../document/load.js";
import type { Project } from "../document/project.js";
import { loadContract } from "../overlay/load-contract.js";
import { checkOut, unusable } from "./git.js";

/** Whether packages with this version have never been released: `0.0.0`, or the next version with the suffix `-dev`. */
function isUnreleased(version: string): boolean {
  return version === "0.0.0" || version.endsWith("-dev");
}

export interface Base {
  /** What it is, in words: follows "compared with". */
  readonly label: string;
  /** Undefined as long as nothing has been released. */
  readonly contract: JsonObject | undefined;
}

/** How the documents of a comparison are read. */
export interface Reading {
  readonly lenient: boolean;
  readonly onWarning: OnWarning;
}

/** The contract in the working tree. */
export function currentContract({ root, spec, overlay, strict }: Project): Promise<JsonObject> {
  return loadContract({ spec: join(root, spec), overlay: join(root, overlay), strict });
}

/** Keeps the current contract for later comparisons. Returns the version it belongs to, undefined before the first release. */
export async function keepContract(project: Project): Promise<string | undefined> {
  const version = releasedVersion(project);
  if (isUnreleased(version)) return undefined;
  const path = join(project.root, project.released);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(await currentContract(project), null, 2)}\n`);
  return version;
}

/** The contract of the last release; a file in the tree, because a shallow clone has neither history nor tags. */
export function releasedBase(project: Project): Base {
  const version = releasedVersion(project);
  const path = join(project.root, project.released);
  if (existsSync(path)) return { label: `release ${version}`, contract: loadObject(path).value };
  if (isUnreleased(version)) return { label: "nothing, as nothing has been released", contract: undefined };
  throw unusable(
    project.released,
    `is missing, though ${version} is released; take it from the release's commit, or name a --base`,
  );
}

function releasedVersion({ root, manifest }: Project): string {
  return String(loadObject(join(root, manifest)).value["version"]);
}

/** A document, or a revision of this repository. What is a file is taken as one. */
export async function namedBase(project: Project, name: string, reading: Reading): Promise<Base> {
  if (isFile(name))
    return { label: displayPath(resolve(name)), contract: await contractAt(resolve(name), reading) };
  if (name.startsWith("git:")) return namedContract(name, reading);
  const { root, spec } = project;
  return { label: `revision ${name}`, contract: await contractIn(root, name, spec, reading) };
}

/** A document by its path, or by `git:REV:path`, whose path counts from the working directory. */
export async function namedContract(
  name: string,
  reading: Reading,
): Promise<{ readonly label: string; readonly contract: JsonObject }> {
  const [, revision, path] = /^git:([^:]+):(.+)$/.exec(name) ?? [];
  if (revision === undefined || path === undefined || isFile(name)) {
    return { label: displayPath(resolve(name)), contract: await contractAt(resolve(name), reading) };
  }
  return {
    label: `${path} of ${revision}`,
    contract: await contractIn(process.cwd(), revision, path, reading),
  };
}

function isFile(name: string): boolean {
  return existsSync(name) && statSync(name).isFile();
}

/** `x.swagger.yaml` has its overlay beside it, as `x.overlay.yaml`; a document without one is taken as it is. */
function contractAt(spec: string, { lenient, onWarning }: Reading): Promise<JsonObject> {
  const overlay = overlayBeside(spec);
  return loadContract({
    spec,
    overlay: overlay !== spec && existsSync(overlay) ? overlay : undefined,
    lenient,
    onWarning,
  });
}

function overlayBeside(spec: string): string {
  return spec.replace(/(\.swagger|\.openapi)?\.(ya?ml|json)$/, ".overlay.yaml");
}

/** Problems are told with the revision in place of the folder that it was taken out to. */
async function contractIn(
  folder: string,
  revision: string,
  path: string,
  reading: Reading,
): Promise<JsonObject> {
  const checkout = checkOut(folder, revision, path, [overlayBeside(path)]);
  try {
    return await contractAt(checkout.file, {
      ...reading,
      onWarning: (problem) => {
        for (const each of checkout.named(new SpecError([problem])).problems) reading.onWarning(each);
      },
    });
  } catch (error) {
    throw error instanceof SpecError ? checkout.named(error) : error;
  } finally {
    checkout[Symbol.dispose]();
  }
}
