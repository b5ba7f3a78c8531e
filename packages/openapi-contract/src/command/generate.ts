import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type JsonObject, type OnWarning, type Problem, problemLine, SpecError } from "../document/json.js";
import type { Project, Projects } from "../document/project.js";
import {
  compareOutputs,
  type Difference,
  ForeignFileError,
  type Outputs,
  refuseForeignFile,
  refuseForeignFiles,
  writeOutputs,
} from "../generate/outputs.js";
import {
  clientPackage,
  generateProject,
  type Request,
  stampManifest,
  typesModule,
  warnOfLooseTypes,
  warnOfUnemitted,
} from "../generate/package.js";
import { loadContract } from "../overlay/load-contract.js";
import { helpText } from "./help.js";
import { locator } from "./lines.js";

/** Runs `openapi-contract generate`. Resolves with the exit code. */
export async function generateCommand(
  args: readonly string[],
  readProjects: (file?: string) => Projects,
): Promise<number> {
  const located = locator();
  try {
    return await run(args, readProjects, (problem) => {
      console.error(`warning: ${problemLine(located(problem))}`);
    });
  } catch (error) {
    if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
    else if (error instanceof SpecError)
      console.error(error.problems.map((each) => problemLine(located(each))).join("\n"));
    else console.error(isExpected(error) ? error.message : error);
    return 2;
  }
}

/** What the file system refuses says so itself, with the path. */
function isExpected(error: unknown): error is Error {
  return error instanceof Error && (error instanceof ForeignFileError || "syscall" in error);
}

async function run(
  args: readonly string[],
  readProjects: (file?: string) => Projects,
  onWarning: OnWarning,
): Promise<number> {
  const { help, check, mode, config, document } = readArguments(args);
  if (help) {
    console.log(helpText(usage));
    return 0;
  }
  if (document === undefined) {
    return generateOwn(readProjects(config), mode === "strict", check, onWarning);
  }
  const warnings: Problem[] = [];
  const request: Request = {
    ...document,
    strict: mode === "strict",
    lenient: mode === "lenient",
    onWarning: mode === "strict" ? (problem) => void warnings.push(problem) : onWarning,
  };
  /** Nothing is written in strict mode as long as there is a warning. */
  const settled = async <T>(made: Promise<T>): Promise<T> => {
    const outputs = await made;
    if (warnings.length > 0) throw new SpecError(warnings);
    return outputs;
  };
  const advice = "Run the same command without --check.";
  const { out, types } = document;
  if (types !== undefined) {
    refuseForeignFile(resolve(types), "--types");
    const outputs = new Map([[basename(types), await settled(typesModule(request))]]);
    return finish(dirname(resolve(types)), [], outputs, check, advice);
  }
  const folder = resolve(out);
  refuseForeignFiles(folder);
  return finish(folder, ["."], await settled(clientPackage(request)), check, advice);
}

/** Generates what belongs to every contract of the project. Nothing is written as long as one of them has a problem. */
async function generateOwn(
  projects: Projects,
  isStrict: boolean,
  check: boolean,
  onWarning: OnWarning,
): Promise<number> {
  const outputs = new Map<string, string>();
  for (const each of projects) {
    const project = isStrict ? { ...each, strict: true } : each;
    const { root, manifest, manifestField } = project;
    const document = await ownDocument(project, onWarning);
    for (const [path, text] of generateProject(project, document)) outputs.set(path, text);
    // Several documents may have their fields in one manifest.
    const before = outputs.get(manifest) ?? readFileSync(join(root, manifest), "utf8");
    outputs.set(manifest, stampManifest(before, manifestField, document));
  }
  const [{ root, commands }] = projects;
  const folders = new Set(projects.flatMap(({ types, typedExamples }) => [types, typedExamples]));
  const advice = `Run \`${commands.generate}\` and commit the result.`;
  return finish(root, [...folders], outputs, check, advice);
}

async function ownDocument(project: Project, onWarning: OnWarning): Promise<JsonObject> {
  const { root, spec, overlay, strict } = project;
  const warnings: Problem[] = [];
  const warn: OnWarning = strict ? (problem) => void warnings.push(problem) : onWarning;
  const document = await loadContract({
    spec: join(root, spec),
    overlay: join(root, overlay),
    strict,
    onWarning: warn,
  });
  warnOfUnemitted(join(root, spec), document, warn);
  warnOfLooseTypes(join(root, spec), document, warn);
  if (warnings.length > 0) throw new SpecError(warnings);
  return document;
}

/** Writes the outputs, or only compares them, and tells what that changed. */
function finish(
  folder: string,
  folders: readonly string[],
  outputs: Outputs,
  check: boolean,
  advice: string,
): number {
  const upToDate =
    outputs.size === 1
      ? "1 generated file is up to date."
      : `${outputs.size} generated files are up to date.`;
  if (!check) {
    report(writeOutputs(folder, folders, outputs), {
      differs: "rewritten",
      missing: "written",
      orphaned: "removed",
    });
    console.log(upToDate);
    return 0;
  }
  const differences = compareOutputs(folder, folders, outputs);
  report(differences, { differs: "differs", missing: "missing", orphaned: "orphaned" });
  console.log(differences.length === 0 ? upToDate : advice);
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

export const usage = `openapi-contract generate SPEC --out DIR | --types FILE [options]
  generates TypeScript from a Swagger 2.0 or OpenAPI 3 document (YAML or JSON)

  --out DIR        a package: types, operation table, a typed client, README
  --types FILE     one module with the types alone, for openapi-fetch
  --overlay FILE   an OpenAPI Overlay to apply to the 3.1 form of the document; repeatable
  --only WHAT      only the operations with this tag, this operationId or this path prefix (which begins with /), and the
                   models they need; repeatable

openapi-contract generate
  generates what openapi-contract.json specifies: types, operation table, OpenAPI document and typed examples

  --config FILE    a project file other than ./openapi-contract.json

With both:
  --check          changes nothing; fails if a generated file differs, is missing or is no longer generated
  --strict         treats warnings as errors
  --lenient        continues with a warning if a document violates its format

Exit code: 0 done or up to date, 1 not up to date, 2 the specification or the command line cannot be used.`;

type OtherDocument = {
  readonly spec: string;
  readonly overlay: readonly string[];
  readonly only: readonly string[];
} & (
  | { readonly out: string; readonly types?: undefined }
  | { readonly types: string; readonly out?: undefined }
);

export interface Arguments {
  readonly help: boolean;
  readonly check: boolean;
  readonly mode: "strict" | "lenient" | "default";
  readonly config: string | undefined;
  /** Undefined: generate the project's own files. */
  readonly document: OtherDocument | undefined;
}

/** The command line cannot be used. The message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads the command line. Throws UsageError. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const { overlay = [], only = [], out, types, config, help = false, check = false } = values;
  for (const [name, value] of Object.entries({ overlay, only, out, types, config }))
    if ([value].flat().includes("")) throw new UsageError(`--${name} needs a value`);
  if (values.strict && values.lenient) throw new UsageError("--strict and --lenient exclude each other");
  const mode = values.strict ? "strict" : values.lenient ? "lenient" : "default";
  const [spec, ...others] = positionals;
  const common = { help, check, mode, config } as const;
  if (help) return { ...common, document: undefined };
  if (others.length > 0) throw new UsageError(`generate takes one document, not ${positionals.length}`);
  if (spec === undefined) {
    const lone = Object.entries({ out, types, overlay: overlay[0], only: only[0] }).find(
      ([, value]) => value !== undefined,
    );
    if (lone !== undefined)
      throw new UsageError(`--${lone[0]} needs a document: openapi-contract generate SPEC`);
    if (mode === "lenient")
      throw new UsageError("--lenient needs a document: openapi-contract generate SPEC");
    return { ...common, document: undefined };
  }
  if (config !== undefined) throw new UsageError("--config works without a document only");
  if (out !== undefined && types === undefined) return { ...common, document: { spec, overlay, only, out } };
  if (types !== undefined && out === undefined)
    return { ...common, document: { spec, overlay, only, types } };
  throw new UsageError("Specify --out DIR for a package or --types FILE for one module");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        overlay: { type: "string", multiple: true },
        only: { type: "string", multiple: true },
        out: { type: "string" },
        types: { type: "string" },
        config: { type: "string" },
        check: { type: "boolean" },
        strict: { type: "boolean" },
        lenient: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
