import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SpecError } from "../spec/index.js";
import { currentContract, namedBase, releasedBase } from "./base.js";
import { packages, pendingLevel, writeChangeset } from "./changeset.js";
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
  --check       fails when no changeset covers what changed

Exit code: 0 compared, 1 --check found no changeset that covers the changes, 2 the input cannot be used.`;

const root = resolve(import.meta.dirname, "../..");

async function main(args: readonly string[]): Promise<number> {
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
    console.log(usage);
    return 0;
  }
  const base = values.base === undefined ? releasedBase(root) : await namedBase(root, values.base);
  const contract = await currentContract(root);
  const changes = compareContracts(base.contract ?? emptyContract(contract), contract);
  const report = reportOf(base.label, changes, contract);
  // With --json the standard output is JSON and nothing else.
  const say = values.json ? console.error : console.log;
  if (values.json) console.log(JSON.stringify(report, null, 2));
  else if (!values.check) console.log(textOf(report));
  if (values.changeset) sayWritten(report, say);
  return values.check ? check(report, say) : 0;
}

type Say = (text: string) => void;

function sayWritten(report: Report, say: Say): void {
  const written = writeChangeset(root, report);
  if (written === undefined) say("No changeset is needed.");
  else if (written.isNew) say(`Written: ${written.file} (edit its text; keep its level)`);
  else say(`${written.file} is there already; it is left as it is.`);
}

function check(report: Report, say: Say): number {
  const [name] = packages;
  const { level, files } = pendingLevel(root, name);
  if (covers(level, report.verdict)) {
    const by = report.verdict === "none" ? "" : `; covered by ${files.join(", ")}`;
    say(`Compared with ${report.base}: ${verdictLine(report)}${by}`);
    return 0;
  }
  say(`${textOf(report)}\n`);
  const has = level === "none" ? "no changeset covers it" : `the changesets go no further than ${level}`;
  say(`The contract changed (${report.verdict}), and ${has}. Run: pnpm spec:diff --changeset`);
  return 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
  console.error(expected ? error.message : error);
  process.exitCode = 2;
}
