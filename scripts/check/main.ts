import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Counts, noCounts, plus, runTests, summaryLine } from "./tests.js";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Steps that read the output of this one. They run after it, whether it succeeds or fails. */
  readonly followers?: readonly Step[];
}

const root = resolve(import.meta.dirname, "../..");
const source = ["-C", "@sf-image-store/source"];
const contract = "packages/openapi-contract/src/main.ts";

/** The slowest first: as many run at once as there are cores. */
const steps: readonly Step[] = [
  {
    name: "build",
    command: ["turbo", "run", "build", "typecheck", "--output-logs=errors-only"],
    followers: [
      { name: "packages as published", command: ["tsx", "scripts/check/packages.ts", "lint"] },
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
    name: "a changeset covers the changes of the contract",
    command: ["tsx", ...source, contract, "diff", "--check"],
  },
  {
    name: "examples match the contract and show all of it",
    command: ["tsx", ...source, "packages/contract-tests/src/main.ts", "--min-coverage", "100"],
  },
  { name: "the client's size in a browser", command: ["tsx", "scripts/check/packages.ts", "browser-size"] },
];

const scratch = mkdtempSync(join(tmpdir(), "sf-image-store-check-"));
try {
  const checked = await runSteps(availableParallelism());
  const counts = plus(checked, await runTests(root, join(scratch, "counts.json")));
  console.log(summaryLine(counts));
  process.exitCode = counts.failed === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Runs the steps in order, at most `limit` at once. Followers run before steps that have not started. */
async function runSteps(limit: number): Promise<Counts> {
  const waiting = [...steps];
  let counts = noCounts;
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const ended = await runStep(step);
      counts = plus(counts, ended);
      waiting.unshift(...(step.followers ?? []));
    }
  };
  await Promise.all(Array.from({ length: limit }, work));
  return counts;
}

/** Runs a step. Shows its output only when it fails. */
async function runStep({ name, command }: Step): Promise<Counts> {
  const begin = performance.now();
  const { code, output } = await run(command);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  if (code === 0) {
    console.log(`✓ ${name} (${seconds} s)`);
    return { ...noCounts, passed: 1 };
  }
  console.log(`✗ ${name} (${command.join(" ")}: exit code ${code})\n\n${output}`);
  return { ...noCounts, failed: 1 };
}

async function run(command: readonly string[]): Promise<{ code: number; output: string }> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: root, shell: process.platform === "win32" });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  return new Promise((done) => {
    child.on("error", (error) => done({ code: -1, output: String(error) }));
    child.on("close", (code) => done({ code: code ?? -1, output }));
  });
}
