import { parseArgs } from "node:util";
import { currentContract, namedBase, namedContract, type Reading, releasedBase } from "../diff/base.js";
import { diffRulesPage } from "../diff/catalogue.js";
import { covers } from "../diff/change.js";
import { changesetOf, pendingLevel, writeChangeset } from "../diff/changeset.js";
import { compareContracts, emptyContract } from "../diff/compare.js";
import { githubOf, markdownOf } from "../diff/formats.js";
import { acceptChanges } from "../diff/ignore.js";
import { type Report, reportOf, textOf, verdictLine } from "../diff/report.js";
import { type JsonObject, problemLine, SpecError } from "../document/json.js";
import { printable } from "../document/printable.js";
import type { Project, Projects } from "../document/project.js";
import { helpText } from "./help.js";

const usage = `openapi-contract diff OLD NEW [options]
  compares two Swagger 2.0 or OpenAPI 3 documents, and judges each change for developers whose code calls the API:
  major breaks their code or their requests, minor adds something, patch changes only texts

  OLD, NEW         a file, or git:REV:path for a file of a git revision;
                   applies x.overlay.yaml next to x.yaml, x.openapi.yaml or x.swagger.yaml

openapi-contract diff [options]
  compares each contract of the project (openapi-contract.json) with the one of its last release

  --document NAME  compares only this one of its documents
  --base REV|FILE  compares with a git revision or another document instead
  --changeset      writes a changeset for the packages that are generated from the contract
  --check          fails if the changesets of one of these packages do not cover the changes

With both:
  --format FORMAT  text (default), json, markdown, github (annotations) or changeset
  --json           the same as --format json
  --fail-on LEVEL  exits with 1 if a change has this level, major, minor or patch, or a higher one
  --ignore FILE    known changes to accept: ignore: [{ rule, name, pointer, reason }]
  --package NAME   a package for --format changeset; repeatable. Default: those of the project
  --lenient        continues with a warning if a document violates its format
  --rules          prints the table of all rules and exits

Exit code: 0 compared, 1 --fail-on or --check failed, 2 the input cannot be used.`;

const options = {
  base: { type: "string" },
  document: { type: "string" },
  changeset: { type: "boolean" },
  check: { type: "boolean" },
  format: { type: "string" },
  json: { type: "boolean" },
  "fail-on": { type: "string" },
  ignore: { type: "string" },
  package: { type: "string", multiple: true },
  lenient: { type: "boolean" },
  rules: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Runs `openapi-contract diff`. Resolves with the exit code. */
export function diffCommand(
  args: readonly string[],
  readProjects: () => Projects,
  output: Output,
): Promise<number> {
  return exitCodeOf(output, () => run(args, readProjects, output));
}

type Values = ReturnType<typeof parse>["values"];

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

async function run(args: readonly string[], readProjects: () => Projects, output: Output): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help || values.rules) {
    output.log(values.help ? helpText(usage) : diffRulesPage().trimEnd());
    return 0;
  }
  const format = values.json ? "json" : choice("--format", values.format ?? "text", formats);
  const failOn = values["fail-on"] === undefined ? undefined : choice("--fail-on", values["fail-on"], levels);
  if (positionals.length > 0 && values.document !== undefined)
    throw wrongArgument("--document is for the project; leave it out, or OLD and NEW");
  const projects = positionals.length > 0 ? [undefined] : chosen(readProjects(), values.document);
  if (projects.length > 1 && (format === "json" || format === "changeset"))
    throw wrongArgument(`--format ${format} is for one document; add --document ${namesOf(projects)}`);
  const codes: number[] = [];
  for (const project of projects) {
    const compared = await read(values, positionals, project, output);
    codes.push(tell(compared, values, format, failOn, readProjects, output));
  }
  return Math.max(...codes);
}

/** The documents of the project, or the one that `--document` names. */
function chosen(projects: Projects, name: string | undefined): readonly Project[] {
  const found = projects.filter((each) => name === undefined || each.name === name);
  if (found.length > 0) return found;
  throw wrongArgument(`--document takes ${namesOf(projects)}, got ${name}`);
}

function namesOf(projects: readonly (Project | undefined)[]): string {
  return projects.map((each) => each?.name).join(" or ");
}

/** Reports a comparison. Returns the exit code. */
function tell(
  { old, next, files, project }: Compared,
  values: Values,
  format: (typeof formats)[number],
  failOn: (typeof levels)[number] | undefined,
  readProjects: () => Projects,
  output: Output,
): number {
  const found = compareContracts(old.contract, next, { today: Date.now() });
  const accepted = values.ignore === undefined ? undefined : acceptChanges(values.ignore, found);
  const judged = reportOf(old.label, accepted?.kept ?? found, next);
  const report: Report = accepted === undefined ? judged : { ...judged, accepted: accepted.ignored };
  for (const line of accepted?.unused ?? []) output.error(`warning: ${line}`);
  // A format for programs is all of the standard output.
  const say: Say = (text) => (format === "text" ? output.log(text) : output.error(text));
  if (project !== undefined && project.name !== "" && values.document === undefined) say(`${project.name}:`);
  if (format !== "text" || !values.check)
    output.log(written(format, report, files, packagesOf(values, project, readProjects)));
  if (accepted !== undefined && accepted.ignored.length > 0)
    say(`${accepted.ignored.length} changes are accepted by ${values.ignore}.`);
  if (values.changeset && project !== undefined) sayWritten(project, report, say);
  const uncovered = values.check && project !== undefined ? check(project, report, say) : 0;
  return failOn !== undefined && report.verdict !== "none" && covers(report.verdict, failOn) ? 1 : uncovered;
}

const formats = ["text", "json", "markdown", "github", "changeset"] as const;
const levels = ["major", "minor", "patch"] as const;

interface Compared {
  readonly old: { readonly label: string; readonly contract: JsonObject };
  readonly next: JsonObject;
  readonly files: { readonly base: string | undefined; readonly new: string | undefined };
  /** Undefined when two other documents are compared. */
  readonly project: Project | undefined;
}

async function read(
  values: Values,
  positionals: readonly string[],
  project: Project | undefined,
  output: Output,
): Promise<Compared> {
  const reading = { lenient: values.lenient === true, onWarning: warnings(output) };
  const [oldName, newName, ...others] = positionals;
  if (project !== undefined) return readOwn(values, project, reading);
  if (oldName === undefined || newName === undefined || others.length > 0)
    throw wrongArgument(`takes two documents, OLD and NEW, got ${positionals.length}`);
  const excluded = (["base", "changeset", "check"] as const).find((name) => values[name] !== undefined);
  if (excluded !== undefined)
    throw wrongArgument(`--${excluded} is for the project; leave it out, or OLD and NEW`);
  const old = await namedContract(oldName, reading);
  const { contract: next } = await namedContract(newName, reading);
  const fileOf = (name: string) => (name.startsWith("git:") ? undefined : name);
  return { old, next, files: { base: fileOf(oldName), new: fileOf(newName) }, project: undefined };
}

async function readOwn(values: Values, project: Project, reading: Reading): Promise<Compared> {
  const base =
    values.base === undefined ? releasedBase(project) : await namedBase(project, values.base, reading);
  const next = await currentContract(project);
  const contract = base.contract ?? emptyContract(next);
  return {
    old: { label: base.label, contract },
    next,
    files: { base: undefined, new: project.spec },
    project,
  };
}

const shownWarnings = 5;

/** Prints the first warnings: a document with many needs a check of its own. */
function warnings(output: Output): Reading["onWarning"] {
  let count = 0;
  return (problem) => {
    count++;
    if (count <= shownWarnings) output.error(`warning: ${printable(problemLine(problem))}`);
    if (count === shownWarnings + 1)
      output.error("warning: there are more; openapi-contract generate shows all of them");
  };
}

function packagesOf(
  { package: named, format }: Values,
  project: Project | undefined,
  readProjects: () => Projects,
): readonly string[] {
  if (named !== undefined) return named;
  if (format !== "changeset") return [];
  return (project ?? readProjects()[0]).packages;
}

function written(
  format: (typeof formats)[number],
  report: Report,
  files: Compared["files"],
  packages: readonly string[],
): string {
  if (format === "json") return JSON.stringify(report, null, 2);
  if (format === "markdown") return markdownOf(report);
  if (format === "github") return githubOf(report, files);
  if (format === "changeset") return report.verdict === "none" ? "" : changesetOf(packages, report).trimEnd();
  return textOf(report);
}

type Say = (text: string) => void;

function sayWritten(project: Project, report: Report, say: Say): void {
  const written = writeChangeset(project, report);
  if (written === undefined) say("No changeset is needed.");
  else if (written.isNew) say(`Written: ${written.file} (edit its text; keep its level)`);
  else say(`${written.file} is there already; it is left as it is.`);
}

function check(project: Project, report: Report, say: Say): number {
  const pending = project.packages.map((name) => ({ name, ...pendingLevel(project.root, name) }));
  const lacking = pending.filter(({ level }) => !covers(level, report.verdict));
  if (lacking.length === 0) {
    const files = new Set(pending.flatMap((each) => each.files));
    const by = report.verdict === "none" ? "" : `; covered by ${[...files].join(", ")}`;
    say(`Compared with ${report.base}: ${verdictLine(report)}${by}`);
    return 0;
  }
  say(`${textOf(report)}\n`);
  const lacks = lacking.map(({ name, level }) =>
    level === "none" ? `no changeset names ${name}` : `those of ${name} go no further than ${level}`,
  );
  say(
    `The contract changed (${report.verdict}), but ${lacks.join(", and ")}. Run: ${project.commands.diff} --changeset`,
  );
  return 1;
}

/** A mistake on the command line: the user gets the message without a stack, and exit code 2. */
export function wrongArgument(message: string): Error {
  return Object.assign(new TypeError(message), { code: "ERR_PARSE_ARGS_INVALID_OPTION_VALUE" });
}

/** The value if it is one of the known ones. Throws the error of `wrongArgument`. */
export function choice<const Value extends string>(
  name: string,
  value: string,
  known: readonly Value[],
): Value {
  const found = known.find((each) => each === value);
  if (found === undefined) throw wrongArgument(`${name} takes ${known.join(", ")}, got ${value}`);
  return found;
}

/** Where a command writes to; the console is one. */
export interface Output {
  log(text: string): void;
  error(what: unknown): void;
}

/** Runs a command to its exit code. A wrong input or argument is reported without a stack, a bug with it. */
export async function exitCodeOf(output: Output, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
    output.error(expected ? error.message : error);
    return 2;
  }
}
