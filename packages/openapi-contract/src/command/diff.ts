import { parseArgs } from "node:util";
import { currentContract, namedBase, releasedBase } from "../diff/base.js";
import { covers } from "../diff/change.js";
import { pendingLevel, writeChangeset } from "../diff/changeset.js";
import { compareContracts, emptyContract } from "../diff/compare.js";
import { type Report, reportOf, textOf, verdictLine } from "../diff/report.js";
import { SpecError } from "../document/json.js";
import type { Project } from "../document/project.js";

const usage = `openapi-contract diff [--base REV|FILE] [--json] [--changeset] [--check]

Compares the project's contract (its specification with its overlay, as OpenAPI 3.1) with another version of it, and
judges each change for the people whose code calls the client: major breaks their code, minor adds, patch is words.

  --base REV    a git revision, with the overlay it had
  --base FILE   a Swagger 2.0 or OpenAPI 3 document; x.overlay.yaml beside x.swagger.yaml is applied
                without --base: the contract of the last release
  --json        base, verdict, counts, and changes: each with verdict, rule, kind and name of what it belongs to, pointer,
                in (which contract the pointer leads into: base or new), message, old, new; models with operations
  --changeset   writes a changeset for the packages made from the contract
  --check       fails when changesets do not cover what changed, for each of these packages

Exit code: 0 compared, 1 --check found no changeset that covers the changes, 2 the input cannot be used.`;

/** Runs `openapi-contract diff` in a project. Resolves with the exit code. */
export function diffCommand(
  args: readonly string[],
  project: () => Project,
  output: Output,
): Promise<number> {
  return exitCodeOf(output, () => compare(args, project, output));
}

async function compare(args: readonly string[], readProject: () => Project, output: Output): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      base: { type: "string" },
      json: { type: "boolean" },
      changeset: { type: "boolean" },
      check: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    output.log(usage);
    return 0;
  }
  const project = readProject();
  const base = values.base === undefined ? releasedBase(project) : await namedBase(project, values.base);
  const contract = await currentContract(project);
  const changes = compareContracts(base.contract ?? emptyContract(contract), contract);
  const report = reportOf(base.label, changes, contract);
  // With --json the standard output is JSON and nothing else.
  const say: Say = (text) => (values.json ? output.error(text) : output.log(text));
  if (values.json) output.log(JSON.stringify(report, null, 2));
  else if (!values.check) output.log(textOf(report));
  if (values.changeset) sayWritten(project, report, say);
  return values.check ? check(project, report, say) : 0;
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

/** Where a command writes to; the console is one. */
export interface Output {
  log(text: string): void;
  error(what: unknown): void;
}

/** Runs a command to its exit code. A wrong input or argument is told in words, a mistake of ours with its stack. */
export async function exitCodeOf(output: Output, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
    output.error(expected ? error.message : error);
    return 2;
  }
}
