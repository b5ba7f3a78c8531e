import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { publishedPackages } from "@sf-image-store/testing/packages";
import { createTwoFilesPatch } from "diff";
import type { Output } from "openapi-contract";

/**
 * `pnpm api [--check]`: writes an API report for each entry point of the published packages at `root`, or compares them. The
 * packages must be built. Returns the exit code: 1 for a difference, 2 if a report cannot be made.
 */
export function runApiReports(args: readonly string[], root: string, output: Output): number {
  try {
    const { values } = parseArgs({ args: [...args], options: { check: { type: "boolean" } } });
    const reports = makeReports(root);
    for (const path of committedReports(root)) if (!reports.has(path)) reports.set(path, "");
    return values.check === true ? check(reports, root, output) : write(reports, root, output);
  } catch (error) {
    output.error(error instanceof Error ? error.message : error);
    return 2;
  }
}

function write(reports: ReadonlyMap<string, string>, root: string, output: Output): number {
  for (const [path, text] of reports) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    if (text === "") rmSync(join(root, path));
    output.log(text === "" ? `${path}: removed` : `${path}: ${text.split("\n").length - 1} lines`);
  }
  return 0;
}

function check(reports: ReadonlyMap<string, string>, root: string, output: Output): number {
  const differences = [...reports].flatMap(([path, built]) => {
    const committed = existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
    return committed === built ? [] : createTwoFilesPatch(path, path, committed, built, "committed", "built");
  });
  if (differences.length === 0) {
    output.log(`${reports.size} API reports are up to date.`);
    return 0;
  }
  const verdict = "The public API differs from its committed reports.\nRun: pnpm api";
  output.log([...differences, verdict].join("\n"));
  return 1;
}

function committedReports(root: string): string[] {
  return readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = `packages/${name}/api`;
    return existsSync(join(root, folder))
      ? readdirSync(join(root, folder)).map((file) => `${folder}/${file}`)
      : [];
  });
}

/** The expected reports, by path relative to `root`. */
function makeReports(root: string): Map<string, string> {
  const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-api-"));
  try {
    const configs = publishedPackages(root).flatMap(({ folder }) => entryPoints(folder, scratch));
    if (configs[0] === undefined) return new Map();
    // One compiler for all reports: reading the types of Node and browsers takes most of the time.
    const additionalEntryPoints = configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath);
    const compilerState = CompilerState.create(configs[0], { additionalEntryPoints });
    return new Map(
      configs.map((config) => {
        const path = `packages/${basename(config.projectFolder)}/api/${basename(config.reportFilePath)}`;
        return [path, makeReport(config, compilerState)];
      }),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The input of API Extractor for each subpath with declarations. A package with only a command has none. */
function entryPoints(folder: string, scratch: string): ExtractorConfig[] {
  const manifest: { readonly exports: Readonly<Record<string, string | { readonly types?: string }>> } =
    JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target === "string" || target.types === undefined) return [];
    const name = subpath === "." ? "index" : subpath.slice(2).replaceAll("/", "-");
    return [configOf(folder, name, join(folder, target.types), join(scratch, basename(folder)))];
  });
}

const types = { types: ["node"], typeRoots: [resolve(import.meta.dirname, "../node_modules/@types")] };
const target = { target: "es2022", lib: ["es2023", "esnext.disposable", "dom", "dom.iterable"] };
// The build has already checked the declarations.
const compilerOptions = { strict: true, skipLibCheck: true, module: "nodenext", ...target, ...types };

function configOf(folder: string, name: string, declarations: string, reportFolder: string): ExtractorConfig {
  if (!existsSync(declarations)) throw new Error(`${declarations} does not exist. Run: pnpm build`);
  const none = { logLevel: ExtractorLogLevel.None };
  mkdirSync(reportFolder, { recursive: true });
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: declarations,
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions, files: [declarations] } },
      apiReport: {
        enabled: true,
        // A type that is not exported is part of the API when an exported one mentions it.
        includeForgottenExports: true,
        reportFileName: `${name}.api.md`,
        reportFolder,
        reportTempFolder: join(reportFolder, "temp"),
      },
      tsdocMetadata: { enabled: false },
      // The report is about declarations: the compiler and typedoc check the rest.
      messages: { extractorMessageReporting: { default: none }, tsdocMessageReporting: { default: none } },
    },
  });
}

function makeReport(config: ExtractorConfig, compilerState: CompilerState): string {
  try {
    const { succeeded } = Extractor.invoke(config, {
      compilerState,
      localBuild: true,
      // API Extractor prints messages that are not marked as handled.
      messageCallback: (message) => {
        message.handled = message.logLevel !== ExtractorLogLevel.Error;
      },
    });
    if (!succeeded) throw new Error("API Extractor found errors.");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot make an API report of ${config.mainEntryPointFilePath}. ${reason}`, { cause });
  }
  // Everything is public, docstrings are not part of the API, and lib references depend on the module structure.
  return readFileSync(config.reportFilePath, "utf8")
    .replace(/ \(undocumented\)$/gm, "")
    .replace(/^( *\/\/( @public| \(No @packageDocumentation.*)?|\/\/\/ <reference lib=.*\n?)\n/gm, "");
}
