import { resolve } from "node:path";
import { loadContract, SpecError } from "../spec/index.js";
import { readArguments, UsageError, usage } from "./arguments.js";
import { ForeignFileError, refuseForeignFiles } from "./foreign-files.js";
import { otherPackage } from "./other-package.js";
import { compareOutputs, type Difference, writeOutputs } from "./outputs.js";
import { generate, generatedFolders, type Outputs } from "./pipeline.js";

const root = resolve(import.meta.dirname, "../..");
const sources = ["specs/image-store.swagger.yaml", "specs/image-store.overlay.yaml"] as const;
const [ownSpec, ownOverlay] = sources.map((source) => resolve(root, source));

async function main(args: readonly string[]): Promise<number> {
  const { help, check, other } = readArguments(args);
  if (help) {
    console.log(usage);
    return 0;
  }
  if (other === undefined) {
    const document = await loadContract({ spec: ownSpec ?? "", overlay: ownOverlay });
    return finish(root, generatedFolders, await generate(document, sources), check);
  }
  const folder = resolve(other.out);
  refuseForeignFiles(folder);
  const overlay = other.overlay === undefined ? ownOverlay : other.overlay;
  const outputs = await otherPackage({ ...other, overlay: overlay === "none" ? undefined : overlay });
  return finish(folder, ["."], outputs, check);
}

/** Writes the outputs, or only compares them, and tells what that changed. */
function finish(folder: string, folders: readonly string[], outputs: Outputs, check: boolean): number {
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
  else if (folder === root) console.log("Run `pnpm codegen` and commit the result.");
  else console.log("Run the same command without --check.");
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What the file system refuses says so itself, with the path.
  const isRefused = error instanceof Error && "syscall" in error;
  const isExpected = error instanceof SpecError || error instanceof ForeignFileError || isRefused;
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else console.error(isExpected ? error.message : error);
  process.exitCode = 2;
}
