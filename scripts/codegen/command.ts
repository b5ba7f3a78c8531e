import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadContract, SpecError } from "../spec/index.js";
import { readArguments, UsageError, usage } from "./arguments.js";
import { warnOfUnemitted } from "./emitted.js";
import { ForeignFileError, refuseForeignFiles } from "./foreign-files.js";
import { otherPackage } from "./other-package.js";
import { compareOutputs, type Difference, writeOutputs } from "./outputs.js";
import { generate, generatedFolders, type Outputs } from "./pipeline.js";
import { stampManifest } from "./stamp-manifest.js";

const sources = ["specs/image-store.swagger.yaml", "specs/image-store.overlay.yaml"] as const;
const manifestFile = "packages/types/package.json";

/** Runs the command in the working tree at `root` and returns its exit code. */
export async function codegen(args: readonly string[], root: string): Promise<number> {
  try {
    return await run(args, root);
  } catch (error) {
    // What the file system refuses says so itself, with the path.
    const isRefused = error instanceof Error && "syscall" in error;
    const isExpected = error instanceof SpecError || error instanceof ForeignFileError || isRefused;
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else console.error(isExpected ? error.message : error);
    return 2;
  }
}

async function run(args: readonly string[], root: string): Promise<number> {
  const [ownSpec = "", ownOverlay] = sources.map((source) => resolve(root, source));
  const { help, check, other } = readArguments(args);
  if (help) {
    console.log(usage);
    return 0;
  }
  if (other === undefined) {
    const document = await loadContract({ spec: ownSpec, overlay: ownOverlay });
    warnOfUnemitted(ownSpec, document);
    const manifest = readFileSync(join(root, manifestFile), "utf8");
    const outputs = new Map(await generate(document, sources)).set(
      manifestFile,
      stampManifest(manifest, document),
    );
    return finish(root, generatedFolders, outputs, check, "Run `pnpm codegen` and commit the result.");
  }
  const folder = resolve(other.out);
  refuseForeignFiles(folder);
  const overlay = other.overlay === undefined ? ownOverlay : other.overlay;
  const request = { ...other, overlay: overlay === "none" ? undefined : overlay };
  const outputs = await otherPackage(request).catch((error: unknown) => {
    throw other.overlay === undefined ? explainOverlay(error) : error;
  });
  return finish(folder, ["."], outputs, check, "Run the same command without --check.");
}

/** The project's own overlay was applied without being asked for, and fits documents with the image store alone. */
function explainOverlay(error: unknown): unknown {
  if (!(error instanceof SpecError)) return error;
  const { file } = error.problems.find(({ file }) => file.endsWith(sources[1])) ?? {};
  if (file === undefined) return error;
  const message = "is the project's own; pass --overlay none for a document of another API";
  return new SpecError([...error.problems, { file, pointer: "", message }], { cause: error });
}

/** Writes the outputs, or only compares them, and tells what that changed. */
function finish(
  folder: string,
  folders: readonly string[],
  outputs: Outputs,
  check: boolean,
  advice: string,
): number {
  if (!check) {
    report(writeOutputs(folder, folders, outputs), {
      differs: "rewritten",
      missing: "written",
      orphaned: "removed",
    });
    console.log(`${outputs.size} generated files are up to date.`);
    return 0;
  }
  const differences = compareOutputs(folder, folders, outputs);
  report(differences, { differs: "differs", missing: "missing", orphaned: "orphaned" });
  if (differences.length === 0) console.log(`${outputs.size} generated files are up to date.`);
  else console.log(advice);
  return differences.length === 0 ? 0 : 1;
}

function report(differences: readonly Difference[], words: Record<Difference["kind"], string>): void {
  for (const { path, kind, patch } of differences) {
    console.log(`${words[kind]}: ${path}`);
    if (patch !== undefined && words.differs === "differs") console.log(shorten(patch()));
  }
}

function shorten(patch: string): string {
  const lines = patch.split("\n");
  const most = 60;
  return lines.length <= most
    ? patch
    : `${lines.slice(0, most).join("\n")}\n… ${lines.length - most} more lines`;
}
