import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadObject, SpecError } from "../spec/index.js";
import { releasedBase, releasedFolder } from "../spec-diff/base.js";
import { packages, pendingLevel } from "../spec-diff/changeset.js";
import type { Failure } from "./compile.js";
import { brokenTypeTests, writeSnapshot } from "./snapshot.js";

const usage = `pnpm release:version    raises the versions by the changesets, and keeps the contract of the release in ${releasedFolder}
pnpm release:types      compiles the type tests of the last release against today's types; what a release let its users
                        write may go only together with a changeset of level major

Exit code: 0 done or kept, 1 types were taken away, 2 the input cannot be used.`;

const root = resolve(import.meta.dirname, "../..");
const [types] = packages;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  const [command] = positionals;
  if (values.help || positionals.length !== 1 || (command !== "snapshot" && command !== "types")) {
    (values.help ? console.log : console.error)(usage);
    return values.help ? 0 : 2;
  }
  return command === "snapshot" ? snapshot() : checkTypes();
}

async function snapshot(): Promise<number> {
  const version = String(loadObject(resolve(root, "packages/types/package.json")).value["version"]);
  if (version === "0.0.0") {
    console.log(`${types} has no version yet, so there is no release to keep.`);
    return 0;
  }
  const failures = await writeSnapshot(root);
  if (failures.length === 0) {
    console.log(`The contract of ${version} is kept in ${releasedFolder}. Commit it with the versions.`);
    return 0;
  }
  console.log("The types do not fit their own contract; `pnpm codegen` may be due:\n");
  tell(failures);
  return 1;
}

function checkTypes(): number {
  const { label, contract } = releasedBase(root);
  if (contract === undefined) {
    console.log("Nothing has been released yet: there are no types to keep.");
    return 0;
  }
  const failures = brokenTypeTests(root);
  if (failures.length === 0) {
    console.log(`Everything that ${label} let its users write still compiles.`);
    return 0;
  }
  console.log(`What ${label} let its users write no longer compiles:\n`);
  tell(failures);
  const { level, files } = pendingLevel(root, types);
  if (level === "major") {
    console.log(`\nCovered by the major changeset ${files.join(", ")}.`);
    return 0;
  }
  console.log(`\nTake it back, or let the next version be a major one: a changeset with "${types}": major.`);
  console.log("Run: pnpm spec:diff --changeset (or pnpm changeset, when the specification did not change)");
  return 1;
}

function tell(failures: readonly Failure[]): void {
  const most = 40;
  for (const { what, file, line, reason } of failures.slice(0, most)) {
    console.log(`  ${what}\n      ${file}:${line}: ${reason}`);
  }
  if (failures.length > most) console.log(`  … ${failures.length - most} more`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
  console.error(expected ? error.message : error);
  process.exitCode = 2;
}
