import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadObject } from "../spec/index.js";
import { releasedBase, releasedFolder } from "../spec-diff/base.js";
import { packages, pendingLevel } from "../spec-diff/changeset.js";
import { exitCodeOf, type Output } from "../spec-diff/command.js";
import type { Failure } from "./compile.js";
import { brokenTypeTests, writeSnapshot } from "./snapshot.js";

const usage = `pnpm release:version    raises the versions by the changesets, and keeps the contract of the release in ${releasedFolder}
pnpm release:types      compiles the type tests of the last release against today's types; what a release let its users
                        write may go only together with a changeset of level major

Exit code: 0 done or kept, 1 types were taken away, 2 the input cannot be used.`;

const [types] = packages;

/** `pnpm release:version` and `pnpm release:types` in the project at `root`. Gives the exit code. */
export function runRelease(args: readonly string[], root: string, output: Output): Promise<number> {
  return exitCodeOf(output, () => release(args, root, output));
}

async function release(args: readonly string[], root: string, output: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  const [command] = positionals;
  if (values.help || positionals.length !== 1 || (command !== "snapshot" && command !== "types")) {
    if (values.help) output.log(usage);
    else output.error(usage);
    return values.help ? 0 : 2;
  }
  return command === "snapshot" ? snapshot(root, output) : checkTypes(root, output);
}

async function snapshot(root: string, output: Output): Promise<number> {
  const version = String(loadObject(resolve(root, "packages/types/package.json")).value["version"]);
  if (version === "0.0.0") {
    output.log(`${types} has no version yet, so there is no release to keep.`);
    return 0;
  }
  const failures = await writeSnapshot(root);
  if (failures.length === 0) {
    output.log(`The contract of ${version} is kept in ${releasedFolder}. Commit it with the versions.`);
    return 0;
  }
  output.log("The types do not fit their own contract; `pnpm codegen` may be due:\n");
  tell(failures, output);
  return 1;
}

function checkTypes(root: string, output: Output): number {
  const { label, contract } = releasedBase(root);
  if (contract === undefined) {
    output.log("Nothing has been released yet: there are no types to keep.");
    return 0;
  }
  const failures = brokenTypeTests(root);
  if (failures.length === 0) {
    output.log(`Everything that ${label} let its users write still compiles.`);
    return 0;
  }
  output.log(`What ${label} let its users write no longer compiles:\n`);
  tell(failures, output);
  const { level, files } = pendingLevel(root, types);
  if (level === "major") {
    output.log(`\nCovered by the major changeset ${files.join(", ")}.`);
    return 0;
  }
  output.log(`\nTake it back, or let the next version be a major one: a changeset with "${types}": major.`);
  output.log("Run: pnpm spec:diff --changeset (or pnpm changeset, when the specification did not change)");
  return 1;
}

function tell(failures: readonly Failure[], output: Output): void {
  const most = 40;
  for (const { what, file, line, reason } of failures.slice(0, most)) {
    output.log(`  ${what}\n      ${file}:${line}: ${reason}`);
  }
  if (failures.length > most) output.log(`  … ${failures.length - most} more`);
}
