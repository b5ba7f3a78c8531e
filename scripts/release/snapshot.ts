import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { currentContract, releasedContract, releasedFolder } from "../spec-diff/base.js";
import { compileAgainstTypes, type Failure } from "./compile.js";
import { emitSurface } from "./surface.js";

const testFolder = "packages/types/test";

/**
 * Keeps what a release promises: its contract, and type tests of everything that it lets its users write. Nothing is
 * kept that today's types do not pass; then the failures are returned.
 */
export async function writeSnapshot(root: string): Promise<Failure[]> {
  const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-release-"));
  try {
    const contract = await currentContract(root);
    writeFileSync(join(scratch, "contract.json"), `${JSON.stringify(contract, null, 2)}\n`);
    writeFileSync(join(scratch, "surface.ts"), emitSurface(contract));
    for (const name of typeTestsIn(join(root, testFolder))) {
      cpSync(join(root, testFolder, name), join(scratch, name));
    }
    const failures = compileAgainstTypes(root, filesIn(scratch));
    if (failures.length > 0) return failures;
    rmSync(join(root, releasedFolder), { recursive: true, force: true });
    mkdirSync(dirname(join(root, releasedContract)), { recursive: true });
    cpSync(scratch, join(root, releasedFolder), { recursive: true });
    return [];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The type tests of the last release that today's types do not pass. */
export function brokenTypeTests(root: string): Failure[] {
  return compileAgainstTypes(root, filesIn(join(root, releasedFolder)));
}

function typeTestsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".test-d.ts"));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => join(folder, name));
}
