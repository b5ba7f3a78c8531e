import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { countsFileVariable } from "./count-reporter.js";
import { type Counts, noCounts } from "./counts.js";
import { root } from "./step.js";

/** Runs every test of the workspace, showing vitest's own output. `countsFile` is where its counts pass through. */
export async function runTests(countsFile: string): Promise<Counts> {
  const reporters = ["--reporter=default", "--reporter=./scripts/check/count-reporter.ts"];
  const child = spawn("vitest", ["run", ...reporters], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, [countsFileVariable]: countsFile },
    shell: process.platform === "win32",
  });
  const code = await new Promise<number>((done) => {
    child.on("error", () => done(-1));
    child.on("close", (code) => done(code ?? -1));
  });
  return readCounts(countsFile, code);
}

/** What the reporter wrote. A runner that died before that, or that fails without saying why, is a failure. */
export function readCounts(file: string, exitCode: number): Counts {
  try {
    const counts: Counts = JSON.parse(readFileSync(file, "utf8"));
    return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch {
    return { ...noCounts, failed: 1 };
  }
}
