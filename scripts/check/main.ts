import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noCounts, plus, summaryLine } from "./counts.js";
import { runStep, type Step } from "./step.js";
import { runTests } from "./tests.js";

const source = ["-C", "@sf-image-store/source"];

const steps: readonly Step[] = [
  { name: "generated code is up to date", command: ["tsx", "scripts/codegen/main.ts", "--check"] },
  { name: "lint and format", command: ["biome", "check", "--error-on-warnings"] },
  { name: "build and types", command: ["turbo", "run", "build", "typecheck", "--output-logs=errors-only"] },
  { name: "API reports are up to date", command: ["tsx", "scripts/release/main.ts", "api", "--check"] },
  { name: "nothing unused, nothing undeclared", command: ["knip"] },
  { name: "packages as published", command: ["tsx", "scripts/packaging/check-packages.ts"] },
  {
    name: "the client's size in a browser",
    command: ["tsx", "scripts/packaging/check-browser-size.ts"],
  },
  {
    name: "a changeset covers what changed in the contract",
    command: ["tsx", "scripts/spec-diff/main.ts", "--check"],
  },
  {
    name: "the manual of the command line is up to date",
    command: ["tsx", ...source, "packages/cli/scripts/readme.ts", "--check"],
  },
  {
    name: "examples keep the contract",
    command: ["tsx", ...source, "packages/contract-tests/src/main.ts"],
  },
];

const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-check-"));
try {
  let counts = noCounts;
  for (const step of steps) counts = plus(counts, await runStep(step));
  counts = plus(counts, await runTests(join(scratch, "counts.json")));
  console.log(summaryLine(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
