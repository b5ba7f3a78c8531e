import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { plus, summaryLine } from "./counts.js";
import { runSteps, type Step } from "./step.js";
import { runTests } from "./tests.js";

const source = ["-C", "@sf-image-store/source"];
const contract = "packages/openapi-contract/src/main.ts";

/** The longest first: as many run at once as there are cores. */
const steps: readonly Step[] = [
  {
    name: "build",
    command: ["turbo", "run", "build", "typecheck", "--output-logs=errors-only"],
    followers: [
      { name: "packages as published", command: ["tsx", "scripts/packaging/check-packages.ts"] },
      {
        name: "API reports are up to date",
        command: ["tsx", ...source, "scripts/release/main.ts", "api", "--check"],
      },
    ],
  },
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "nothing unused, nothing undeclared", command: ["knip"] },
  { name: "generated code is up to date", command: ["tsx", ...source, contract, "generate", "--check"] },
  { name: "lint and format", command: ["biome", "check", "--error-on-warnings"] },
  {
    name: "a changeset covers what changed in the contract",
    command: ["tsx", ...source, contract, "diff", "--check"],
  },
  {
    name: "examples keep the contract",
    command: ["tsx", ...source, "packages/contract-tests/src/main.ts"],
  },
  {
    name: "the client's size in a browser",
    command: ["tsx", "scripts/packaging/check-browser-size.ts"],
  },
];

const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-check-"));
try {
  const checked = await runSteps(steps, availableParallelism());
  const counts = plus(checked, await runTests(join(scratch, "counts.json")));
  console.log(summaryLine(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
