import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { displayPath, type JsonObject, loadContract, loadObject, SpecError } from "../spec/index.js";

/** Where the project keeps its specification, and the contract of the last release. */
const specFile = "specs/image-store.swagger.yaml";
const releasedContract = "specs/released/generated/contract.json";

/** The version of packages before their first release. */
const unreleased = "0.0.0";

export interface Base {
  /** What it is, in words: follows "compared with". */
  readonly label: string;
  /** Undefined as long as nothing has been released. */
  readonly contract: JsonObject | undefined;
}

/** The contract in the working tree. */
export function currentContract(root: string): Promise<JsonObject> {
  return contractAt(join(root, specFile));
}

/** Keeps the current contract for later comparisons. Returns the version it belongs to, undefined before the first release. */
export async function keepContract(root: string): Promise<string | undefined> {
  const version = typesVersion(root);
  if (version === unreleased) return undefined;
  const path = join(root, releasedContract);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(await currentContract(root), null, 2)}\n`);
  return version;
}

/** The contract of the last release; a file in the tree, because a shallow clone has neither history nor tags. */
export function releasedBase(root: string): Base {
  const version = typesVersion(root);
  const path = join(root, releasedContract);
  if (existsSync(path)) return { label: `release ${version}`, contract: loadObject(path).value };
  if (version === unreleased) return { label: "nothing, as nothing has been released", contract: undefined };
  throw unusable(
    releasedContract,
    `is missing, though ${version} is released; take it from the release's commit, or name a --base`,
  );
}

function typesVersion(root: string): string {
  return String(loadObject(join(root, "packages/types/package.json")).value["version"]);
}

/** A document, or a revision of this repository. What is a file is taken as one. */
export async function namedBase(root: string, name: string): Promise<Base> {
  const path = resolve(name);
  if (existsSync(path) && statSync(path).isFile()) {
    return { label: displayPath(path), contract: await contractAt(path) };
  }
  return { label: `revision ${name}`, contract: await contractOfRevision(root, name) };
}

/** `x.swagger.yaml` has its overlay beside it, as `x.overlay.yaml`; a document without one is taken as it is. */
function contractAt(spec: string): Promise<JsonObject> {
  const overlay = spec.replace(/(\.swagger|\.openapi)?\.(ya?ml|json)$/, ".overlay.yaml");
  return loadContract({ spec, overlay: overlay !== spec && existsSync(overlay) ? overlay : undefined });
}

async function contractOfRevision(root: string, revision: string): Promise<JsonObject> {
  const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-base-"));
  try {
    // An index of its own: whatever the user has staged stays untouched.
    const env = { ...process.env, GIT_INDEX_FILE: join(scratch, "index") };
    const git = (...args: string[]) =>
      execFileSync("git", args, { cwd: root, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    const commit = resolveRevision(git, revision);
    const folder = join(scratch, "tree");
    try {
      git("read-tree", "--empty");
      git("read-tree", "--prefix=specs/", `${commit}:./specs`);
      git("checkout-index", "--all", `--prefix=${folder}/`);
    } catch (cause) {
      throw unusable(revision, `its folder specs cannot be read: ${lastLine(cause)}`, cause);
    }
    return await readIn(folder, revision);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function resolveRevision(git: (...args: string[]) => string, revision: string): string {
  try {
    return git("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`).trim();
  } catch (cause) {
    throw unusable(
      revision,
      "is neither a file nor a revision that this clone has (a shallow clone has only its last)",
      cause,
    );
  }
}

/** Problems are told with the revision in place of the folder it was taken out to. */
async function readIn(folder: string, revision: string): Promise<JsonObject> {
  try {
    return await contractAt(join(folder, specFile));
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    const shown = `${displayPath(folder)}/`;
    const problems = error.problems.map((each) => ({
      ...each,
      file: each.file.replace(shown, `${revision}:`),
    }));
    throw new SpecError(problems, { cause: error });
  }
}

function unusable(file: string, message: string, cause?: unknown): SpecError {
  return new SpecError([{ file, pointer: "", message }], { cause });
}

function lastLine(error: unknown): string {
  const text =
    error instanceof Error && "stderr" in error && error.stderr ? String(error.stderr) : String(error);
  return text.trim().split("\n").at(-1) ?? text;
}
