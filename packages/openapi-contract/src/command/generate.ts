import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { SpecError } from "../document/json.js";
import type { Project } from "../document/project.js";
import { warnOfUnemitted } from "../generate/operations.js";
import {
  compareOutputs,
  type Difference,
  ForeignFileError,
  type Outputs,
  refuseForeignFiles,
  writeOutputs,
} from "../generate/outputs.js";
import { generateProject, otherPackage, stampManifest } from "../generate/package.js";
import { loadContract } from "../overlay/load-contract.js";

/** Runs `openapi-contract generate`. Resolves with the exit code. */
export async function generateCommand(args: readonly string[], readProject: () => Project): Promise<number> {
  try {
    return await run(args, readProject);
  } catch (error) {
    // What the file system refuses says so itself, with the path.
    const isRefused = error instanceof Error && "syscall" in error;
    const isExpected = error instanceof SpecError || error instanceof ForeignFileError || isRefused;
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else console.error(isExpected ? error.message : error);
    return 2;
  }
}

async function run(args: readonly string[], readProject: () => Project): Promise<number> {
  const { help, check, other } = readArguments(args);
  if (help) {
    console.log(usage);
    return 0;
  }
  if (other === undefined) return generateOwn(readProject(), check);
  const folder = resolve(other.out);
  refuseForeignFiles(folder);
  const outputs = await otherPackage(other);
  return finish(folder, ["."], outputs, check, "Run the same command without --check.");
}

async function generateOwn(project: Project, check: boolean): Promise<number> {
  const { root, spec, overlay, strict, types, typedExamples, manifest, manifestField, commands } = project;
  const document = await loadContract({ spec: join(root, spec), overlay: join(root, overlay), strict });
  warnOfUnemitted(join(root, spec), document);
  const stamped = stampManifest(readFileSync(join(root, manifest), "utf8"), manifestField, document);
  const outputs = new Map(await generateProject(project, document)).set(manifest, stamped);
  const advice = `Run \`${commands.generate}\` and commit the result.`;
  return finish(root, [types, typedExamples], outputs, check, advice);
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

export const usage = `openapi-contract generate [--check]
  generates what openapi-contract.json asks for: types, operation table, OpenAPI document and typed examples

openapi-contract generate --spec FILE --out DIR [--overlay FILE] [--only TAG|PATH] [--check]
  makes a package of any Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1 document in DIR

  --check           changes nothing; fails when a generated file differs, is missing or is orphaned
  --overlay FILE    an OpenAPI Overlay to apply to the 3.1 form of the document
  --only TAG|PATH   only the operations with this tag, or whose path begins with PATH (which begins with /),
                    and what they need

Exit code: 0 done or up to date, 1 not up to date, 2 the specification or the command line is unusable.`;

export interface OtherDocument {
  readonly spec: string;
  readonly overlay: string | undefined;
  readonly only: string | undefined;
  readonly out: string;
}

export interface Arguments {
  readonly help: boolean;
  readonly check: boolean;
  /** Undefined: generate the project's own files. */
  readonly other: OtherDocument | undefined;
}

/** The command line cannot be used. The message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. Throws UsageError. */
export function readArguments(args: readonly string[]): Arguments {
  const values = parse(args);
  const { spec, overlay, only, out, help = false, check = false } = values;
  for (const [name, value] of Object.entries({ spec, overlay, only, out }))
    if (value === "") throw new UsageError(`--${name} needs a value`);
  if (spec !== undefined && out !== undefined) return { help, check, other: { spec, overlay, only, out } };
  const lone = Object.entries({ spec, overlay, only, out }).find(([, value]) => value !== undefined);
  if (lone !== undefined && !help)
    throw new UsageError(`--${lone[0]} works with both --spec FILE and --out DIR only`);
  return { help, check, other: undefined };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        spec: { type: "string" },
        overlay: { type: "string" },
        only: { type: "string" },
        out: { type: "string" },
        check: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
