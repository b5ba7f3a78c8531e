import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { checkFiles, exampleFiles, notShown } from "../check/check-files.js";
import { codesAsMarkdown } from "../check/codes.js";
import { compileContract, mergeContracts } from "../check/contract.js";
import { type Coverage, measureCoverage, sumCoverage } from "../check/coverage.js";
import { groupFindings, ignoreFindings } from "../check/findings.js";
import {
  type CheckReport,
  countOf,
  githubReport,
  jsonReport,
  junitReport,
  summaryOf,
  textReport,
} from "../check/reports.js";
import { sarifReport } from "../check/sarif.js";
import { isMembers, type RulePlugin } from "../check/values.js";
import { type Problem, problemLine, SpecError } from "../document/json.js";
import { displayPath, exampleOwners } from "../document/load.js";
import type { Project, Projects } from "../document/project.js";
import { type ContractFiles, loadContract } from "../overlay/load-contract.js";
import { choice, exitCodeOf, type Output, wrongArgument } from "./diff.js";
import { helpText } from "./help.js";

const usage = `openapi-contract check [SPEC [--overlay FILE]] [--examples DIR]… [--traffic FILE]… [options]

Checks examples and recorded traffic against a contract: any Swagger 2.0 or OpenAPI 3 document. Without SPEC, it uses the
specifications in openapi-contract.json. An example without an operationId belongs to the operations that list its file under
x-ms-examples.

  --overlay FILE       an OpenAPI Overlay to apply to SPEC first
  --examples DIR       a folder with examples (*.json, x-ms-examples form); repeatable. Default without --traffic: the files
                       that SPEC lists under x-ms-examples
  --traffic FILE       recorded traffic, as HTTP archive (.har) or one exchange per line (.jsonl); repeatable
  --rules FILE         a module whose default export is a RulePlugin: rules that no schema can express
  --format FORMAT      text (default), json, junit, sarif or github
  --ignore FILE        known violations to accept; each entry needs a reason
  --fail-on SEVERITY   error (default) or warning
  --coverage           also report parts of the contract that no example shows
  --min-coverage N     fail when examples show less than N percent; implies --coverage
  --codes              print the table of all codes and exit

Exit code: 0 no violation, 1 violations or too little coverage, 2 the specification, the examples or the command line are
invalid.`;

/** Runs `openapi-contract check`, with rules for what schemas cannot say. Resolves with the exit code. */
export function checkCommand(
  args: readonly string[],
  readProjects: () => Projects,
  output: Output,
  rules?: RulePlugin,
): Promise<number> {
  return exitCodeOf(output, () => run(args, readProjects, output, rules));
}

const options = {
  overlay: { type: "string" },
  examples: { type: "string", multiple: true },
  traffic: { type: "string", multiple: true },
  rules: { type: "string" },
  format: { type: "string", default: "text" },
  ignore: { type: "string" },
  "fail-on": { type: "string", default: "error" },
  coverage: { type: "boolean", default: false },
  "min-coverage": { type: "string" },
  codes: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function run(
  args: readonly string[],
  readProjects: () => Projects,
  output: Output,
  ownRules: RulePlugin | undefined,
): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help || values.codes) {
    output.log(values.help ? helpText(usage) : codesAsMarkdown().trimEnd());
    return 0;
  }
  const [spec, ...more] = positionals;
  if (more.length > 0) throw wrongArgument(`takes one specification, got ${positionals.join(" ")}`);
  const format = choice("--format", values.format, ["text", "json", "junit", "sarif", "github"]);
  const failOn = choice("--fail-on", values["fail-on"], ["error", "warning"]);
  const minCoverage = values["min-coverage"] === undefined ? undefined : percentage(values["min-coverage"]);
  const rules = values.rules === undefined ? ownRules : await loadRules(values.rules);
  const onWarning = (problem: Problem) => output.error(`warning: ${problemLine(problem)}`);
  const sources: readonly ContractFiles[] =
    spec === undefined ? readProjects().map(filesOf) : [{ spec, overlay: values.overlay }];
  const documents = await Promise.all(sources.map((each) => loadContract({ ...each, onWarning })));
  const contract = mergeContracts(documents.map((document) => compileContract(document, rules)));
  const traffic = values.traffic ?? [];
  const examples = values.examples ?? (traffic.length > 0 ? [] : undefined);
  const paths = examples?.flatMap(exampleFiles) ?? defaultExamples(spec, readProjects);
  const specs = sources.map((each) => each.spec);
  const found = checkFiles(contract, specs, paths, traffic);
  const coverages =
    values.coverage || minCoverage !== undefined
      ? documents.map((document) => measureCoverage(document, found.uses))
      : [];
  const unseen = coverages.flatMap((each, index) => notShown(specs[index] ?? "", each));
  const coverage = coverages.length === 0 ? undefined : sumCoverage(coverages);
  const all = [...found.findings, ...unseen];
  const { kept, ignored } =
    values.ignore === undefined ? { kept: all, ignored: [] } : ignoreFindings(values.ignore, all);
  const report = { ...found, groups: groupFindings(kept), ignored, coverage };
  output.log(written(format, report, rules));
  const lacks = lackOfCoverage(coverage, minCoverage);
  if (lacks !== undefined) output.error(lacks);
  const fails = countOf(report, "error") + (failOn === "warning" ? countOf(report, "warning") : 0);
  // Formats for programs say nothing to the person who reads the log.
  if (format !== "text" && format !== "github" && fails > 0) output.error(summaryOf(report));
  return fails > 0 || lacks !== undefined ? 1 : 0;
}

function percentage(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 100))
    throw wrongArgument(`--min-coverage takes a number from 0 to 100, got ${text}`);
  return value;
}

export async function loadRules(path: string): Promise<RulePlugin> {
  const file = displayPath(path);
  const wrong = (message: string, cause?: unknown) =>
    new SpecError([{ file, pointer: "", message }], { cause });
  let loaded: unknown;
  try {
    loaded = (await import(pathToFileURL(resolve(path)).href)).default;
  } catch (cause) {
    throw wrong(
      `cannot be loaded as a module: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
  if (isPlugin(loaded)) return loaded;
  throw wrong("must export a RulePlugin by default: { codes: { … }, operations: { … } }");
}

function isPlugin(value: unknown): value is RulePlugin {
  return isMembers(value) && isMembers(value["codes"]) && isMembers(value["operations"]);
}

function written(
  format: "text" | "json" | "junit" | "sarif" | "github",
  report: CheckReport,
  rules: RulePlugin | undefined,
): string {
  if (format === "json") return jsonReport(report);
  if (format === "junit") return junitReport(report);
  if (format === "github") return githubReport(report);
  if (format === "sarif") return sarifReport(report, ownVersion(), rules);
  return textReport(report);
}

export function ownVersion(): string {
  // By name, because the command is bundled and its files lie elsewhere than their sources.
  const manifest: { version: string } = createRequire(import.meta.url)("openapi-contract/package.json");
  return manifest.version;
}

function lackOfCoverage(coverage: Coverage | undefined, least: number | undefined): string | undefined {
  if (coverage === undefined || least === undefined || coverage.percent >= least) return undefined;
  return `The examples show ${coverage.percent} % of the contract; --min-coverage asks for ${least} %.`;
}

function filesOf({ root, spec, overlay, strict }: Project): ContractFiles {
  return { spec: join(root, spec), overlay: join(root, overlay), strict };
}

/** The examples of the project, or those that a document names. */
function defaultExamples(spec: string | undefined, readProjects: () => Projects): string[] {
  if (spec === undefined) {
    return readProjects().flatMap(({ root, examples }) => exampleFiles(join(root, examples)));
  }
  const named = [...exampleOwners(spec).keys()].filter((path) => existsSync(path));
  if (named.length > 0) return named;
  const message = "names no example under x-ms-examples; pass --examples or --traffic";
  throw new SpecError([{ file: displayPath(spec), pointer: "", message }]);
}
