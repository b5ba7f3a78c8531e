import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Benchmark, Result } from "../benchmark.js";
import { type Figures, figure } from "../figures.js";
import { medianOf, repeat } from "../rounds.js";
import type { Target } from "../target.js";

/** What is started, by the name of its figure. */
type Starts = Readonly<Record<"bareMs" | "versionMs" | "helpMs", readonly string[]>>;

export const cliStart: Benchmark = {
  name: "cli-start",
  measures: "the time that sf-image-store --version and ls --help take, over that of node -e 0",
  async run(setting) {
    const { quick, signal } = setting;
    const program = programFile();
    const starts: Starts = {
      bareMs: ["-e", "0"],
      versionMs: [program, "--version"],
      helpMs: [program, "ls", "--help"],
    };
    // A quick run has one round only, and a single start says too little.
    const starting = quick ? 5 : 1;
    const rounds = await repeat(setting, "start of the command line", quick ? 1 : 20, () =>
      round(starts, starting, signal),
    );
    return [
      result("start, --version", "versionMs", rounds, { atMost: 60 }),
      result("start, ls --help", "helpMs", rounds),
    ];
  },
};

/** Starts each in turn, so often. The fastest of each: whatever else the machine does only adds to the others. */
async function round(starts: Starts, count: number, signal: AbortSignal): Promise<Figures> {
  const taken = Object.entries(starts).map(([name, args]) => ({ name, args, ms: [] as number[] }));
  for (let time = 0; time < count; time++) {
    for (const { args, ms } of taken) ms.push(await startMs(args, signal));
  }
  return Object.fromEntries(taken.map(({ name, ms }) => [name, Math.min(...ms)]));
}

async function startMs(args: readonly string[], signal: AbortSignal): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { stdio: "ignore", signal });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}`);
  return performance.now() - begin;
}

function result(
  label: string,
  name: "versionMs" | "helpMs",
  rounds: readonly Figures[],
  target?: Target,
): Result {
  const over = rounds.map((figures) => ({
    ...figures,
    overMs: figure(figures, name) - figure(figures, "bareMs"),
  }));
  const [bare, ours] = [medianOf(rounds, "bareMs"), medianOf(rounds, name)];
  return {
    label,
    value: ours - bare,
    unit: "ms over node -e 0",
    ...(target === undefined ? {} : { target }),
    sizes: { starts: rounds.length },
    rounds: over,
    note: `${Math.round(ours)} ms against ${Math.round(bare)} ms`,
  };
}

/** As it is published: built. */
function programFile(): string {
  return fileURLToPath(new URL("dist/main.js", import.meta.resolve("sf-image-store/package.json")));
}
