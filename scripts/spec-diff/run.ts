import { parseArgs } from "node:util";
import { currentContract, namedBase, releasedBase } from "./base.js";
import { packages, pendingLevel, writeChangeset } from "./changeset.js";
import { exitCodeOf, type Output } from "./command.js";
import { compareContracts, emptyContract } from "./compare.js";
import { type Report, reportOf, textOf, verdictLine } from "./report.js";
import { covers } from "./verdict.js";

const usage = `pnpm spec:diff [--base REV|FILE] [--json] [--changeset] [--check]

Compares the contract (specs/image-store.swagger.yaml with its overlay, as OpenAPI 3.1) with another version of it, and
judges each change for the people whose code calls the client: major breaks their code, minor adds, patch is words.

  --base REV    a git revision, with the overlay it had
  --base FILE   a Swagger 2.0 or OpenAPI 3 document; x.overlay.yaml beside x.swagger.yaml is applied
                without --base: the last release, kept in specs/released
  --json        base, verdict, counts, and changes: each with verdict, rule, kind and name of what it belongs to, pointer,
                in (which contract the pointer leads into: base or new), message, old, new; models with operations
  --changeset   writes a changeset for the packages made from the contract
  --check       fails when changesets do not cover what changed, for each of these packages

Exit code: 0 compared, 1 --check found no changeset that covers the changes, 2 the input cannot be used.`;

/** `pnpm spec:diff` in the project at `root`. Gives the exit code. */
export function runSpecDiff(args: readonly string[], root: string, output: Output): Promise<number> {
  return exitCodeOf(output, () => compare(args, root, output));
}

async function compare(args: readonly string[], root: string, output: Output): Promise<number> {
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
  const base = values.base === undefined ? releasedBase(root) : await namedBase(root, values.base);
  const contract = await currentContract(root);
  const changes = compareContracts(base.contract ?? emptyContract(contract), contract);
  const report = reportOf(base.label, changes, contract);
  // With --json the standard output is JSON and nothing else.
  const say: Say = (text) => (values.json ? output.error(text) : output.log(text));
  if (values.json) output.log(JSON.stringify(report, null, 2));
  else if (!values.check) output.log(textOf(report));
  if (values.changeset) sayWritten(root, report, say);
  return values.check ? check(root, report, say) : 0;
}

type Say = (text: string) => void;

function sayWritten(root: string, report: Report, say: Say): void {
  const written = writeChangeset(root, report);
  if (written === undefined) say("No changeset is needed.");
  else if (written.isNew) say(`Written: ${written.file} (edit its text; keep its level)`);
  else say(`${written.file} is there already; it is left as it is.`);
}

function check(root: string, report: Report, say: Say): number {
  const pending = packages.map((name) => ({ name, ...pendingLevel(root, name) }));
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
    `The contract changed (${report.verdict}), but ${lacks.join(", and ")}. Run: pnpm spec:diff --changeset`,
  );
  return 1;
}
