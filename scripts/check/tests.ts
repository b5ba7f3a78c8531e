import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Counts, countsOfReport } from "./counts.js";
import { root } from "./step.js";

/** Runs every test of the workspace, showing vitest's own output, and counts by its report. */
export async function runTests(reportFile: string): Promise<Counts> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const child = spawn("vitest", ["run", ...reporters], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  await new Promise((done) => {
    child.on("error", done);
    child.on("close", done);
  });
  return countsOfReport(readReport(reportFile));
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined; // vitest died before it could report; counted as a failure
  }
}
