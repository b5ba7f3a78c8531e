import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { type Counts, noCounts, plus } from "./counts.js";

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Steps that read what this one makes. They run after it, whether it succeeds or not. */
  readonly followers?: readonly Step[];
}

export const root = resolve(import.meta.dirname, "../..");

/** Runs steps in their order, at most `limit` at once. Followers go before what has not begun. */
export async function runSteps(steps: readonly Step[], limit: number): Promise<Counts> {
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

/** Runs a step. Its output is shown only when it fails: of a success one line is enough. */
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
