import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type JsonObject, SpecError } from "../document/json.js";
import { displayPath, loadObject } from "../document/load.js";
import type { Project } from "../document/project.js";
import { loadContract } from "../overlay/load-contract.js";

/** The version of packages before their first release. */
const unreleased = "0.0.0";

export interface Base {
  /** What it is, in words: follows "compared with". */
  readonly label: string;
  /** Undefined as long as nothing has been released. */
  readonly contract: JsonObject | undefined;
}

/** The contract in the working tree. */
export function currentContract({ root, spec, overlay, strict }: Project): Promise<JsonObject> {
  return loadContract({ spec: join(root, spec), overlay: join(root, overlay), strict });
}

/** Keeps the current contract for later comparisons. Returns the version it belongs to, undefined before the first release. */
export async function keepContract(project: Project): Promise<string | undefined> {
  const version = releasedVersion(project);
  if (version === unreleased) return undefined;
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
  if (version === unreleased) return { label: "nothing, as nothing has been released", contract: undefined };
  throw unusable(
    project.released,
    `is missing, though ${version} is released; take it from the release's commit, or name a --base`,
  );
}

function releasedVersion({ root, manifest }: Project): string {
  return String(loadObject(join(root, manifest)).value["version"]);
}

/** A document, or a revision of this repository. What is a file is taken as one. */
export async function namedBase(project: Project, name: string): Promise<Base> {
  const path = resolve(name);
  if (existsSync(path) && statSync(path).isFile()) {
    return { label: displayPath(path), contract: await contractAt(path) };
  }
  return { label: `revision ${name}`, contract: await contractOfRevision(project, name) };
}

/** `x.swagger.yaml` has its overlay beside it, as `x.overlay.yaml`; a document without one is taken as it is. */
function contractAt(spec: string): Promise<JsonObject> {
  const overlay = spec.replace(/(\.swagger|\.openapi)?\.(ya?ml|json)$/, ".overlay.yaml");
  return loadContract({ spec, overlay: overlay !== spec && existsSync(overlay) ? overlay : undefined });
}

async function contractOfRevision(project: Project, revision: string): Promise<JsonObject> {
  const scratch = mkdtempSync(join(tmpdir(), "openapi-contract-base-"));
  try {
    // An index of its own: whatever the user has staged stays untouched.
    const env = { ...process.env, GIT_INDEX_FILE: join(scratch, "index") };
    const git = (...args: string[]) =>
      execFileSync("git", args, {
        cwd: project.root,
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    const commit = resolveRevision(git, revision);
    const folder = join(scratch, "tree");
    const specs = dirname(project.spec);
    try {
      git("read-tree", "--empty");
      git("read-tree", `--prefix=${specs}/`, `${commit}:./${specs}`);
      git("checkout-index", "--all", `--prefix=${folder}/`);
    } catch (cause) {
      throw unusable(revision, `its folder ${specs} cannot be read: ${lastLine(cause)}`, cause);
    }
    return await readIn(join(folder, project.spec), folder, revision);
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
async function readIn(spec: string, folder: string, revision: string): Promise<JsonObject> {
  try {
    return await contractAt(spec);
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
