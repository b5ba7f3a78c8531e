import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { json, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Benchmark, medianOf, type Result, repeat, resultOf, type Setting } from "../benchmark.js";
import { KiB, MiB, type Scratch, sizeText } from "../files.js";
import {
  type Build,
  type Figures,
  figure,
  isFigures,
  moduleOf,
  type Server,
  startEmulatorChild,
  startSinkChild,
} from "../resources.js";

const script = fileURLToPath(new URL("../children/script.js", import.meta.url));
const usageReporter = fileURLToPath(new URL("../children/usage.cjs", import.meta.url));

/**
 * Runs a Node.js program to its end. Returns its duration from start to exit, and the CPU time, user and system, of the process
 * with all its threads.
 */
async function runProcess(args: readonly string[], signal: AbortSignal): Promise<Figures> {
  // Settings of the user must not change what the command line does.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SF_")));
  const start = performance.now();
  const child = spawn(process.execPath, ["--require", usageReporter, ...args], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env,
    signal,
  });
  const [, , errors, usage] = child.stdio;
  if (!(errors instanceof Readable && usage instanceof Readable))
    throw new Error("The process has no pipes.");
  const exit = once(child, "exit").then(([code]) => ({ code, seconds: (performance.now() - start) / 1000 }));
  const [{ code, seconds }, said, used] = await Promise.all([exit, text(errors), json(usage)]);
  if (code !== 0) throw new Error(`node ${args.join(" ")} exited with ${code}. It printed: ${said}`);
  if (!isFigures(used)) throw new Error("The process did not report its CPU time.");
  return { seconds, ...used };
}

/** What to upload. */
interface Load {
  readonly text: string;
  readonly files: number;
  readonly fileBytes: number;
  /** The delay of the server before each response, in milliseconds. */
  readonly delayMs: number;
  readonly rounds: number;
  /** The limit for the duration, as a multiple of the script's. */
  readonly atMost: number;
}

/**
 * The limits apply to uploads to the emulator, which stores the files as a cluster does. A sink answers so fast that the start of
 * the process decides; its figures are informational.
 */
const judgedServer = "emulator";
/** The limit for the CPU time, as a multiple of the script's. */
const cpuAtMost = 1.5;

function loads(quick: boolean): Load[] {
  const small = { files: quick ? 20 : 500, fileBytes: 4 * KiB, rounds: quick ? 1 : 9 };
  const large = { files: 1, fileBytes: (quick ? 8 : 256) * MiB, rounds: quick ? 1 : 7 };
  return [
    { ...small, delayMs: 0, atMost: 1.15 },
    { ...small, delayMs: 20, atMost: 1.3 },
    { ...large, delayMs: 0, atMost: 1.15 },
  ].map((load) => ({ ...load, text: loadText(load) }));
}

function loadText({ files, fileBytes, delayMs }: Omit<Load, "text">): string {
  return `${files} × ${sizeText(fileBytes)}${delayMs === 0 ? "" : `, ${delayMs} ms delay`}`;
}

export const packageProcess: Benchmark = {
  name: "package-process",
  measures:
    "the whole process of `sf-image-store upload` for 500 files of 4 KiB and for one of 256 MiB, to the emulator and to a sink, compared with the smallest script that sends the same files over 16 connections, in the same chunks",
  async run(setting) {
    const results: Result[] = [];
    for (const load of loads(setting.quick)) {
      const directory = await directoryOf(setting.scratch, load);
      for (const [name, start] of [
        ["emulator", startEmulatorChild],
        ["sink", startSinkChild],
      ] as const) {
        await using server = await start(setting.signal, { delayMs: load.delayMs });
        results.push(...(await compareProcesses(setting, load, directory, name, server)));
      }
    }
    return results;
  },
};

function directoryOf(scratch: Scratch, { files, fileBytes }: Load): Promise<string> {
  const folders = files === 1 ? 1 : 5;
  return scratch.directory(folders, files / folders, fileBytes);
}

async function compareProcesses(
  setting: Setting,
  load: Load,
  directory: string,
  serverName: string,
  server: Server,
): Promise<Result[]> {
  const { signal } = setting;
  const { endpoint } = server;
  let destinations = 0;
  const upload = {
    script: (to: string, ...chunkSize: string[]) =>
      runProcess([script, endpoint, directory, to, ...chunkSize], signal),
    ours: (to: string, build: Build) =>
      runProcess([moduleOf(build, "cli"), "upload", directory, "--to", to, "--endpoint", endpoint], signal),
  };
  const isLarge = load.files === 1;
  const what = `package, ${load.text}, ${serverName}`;
  const measured = await repeat(setting, what, load.rounds, async (index, build) => {
    // A new destination each time, because the command line does not repeat an upload that is done.
    destinations += 1;
    const before = index % 2 === 0 ? await upload.script(`Script${destinations}`) : undefined;
    const ours = await upload.ours(`App${destinations}`, build);
    const bare = before ?? (await upload.script(`Script${destinations}`));
    const whole = isLarge ? await upload.script(`Whole${destinations}`, "0") : bare;
    // The emulator deletes what arrived, so that all rounds begin alike.
    await server.run();
    return {
      ...ours,
      bareSeconds: figure(bare, "seconds"),
      bareCpuSeconds: figure(bare, "cpuSeconds"),
      wholeSeconds: figure(whole, "seconds"),
      ratio: figure(ours, "seconds") / figure(bare, "seconds"),
      cpuRatio: figure(ours, "cpuSeconds") / figure(bare, "cpuSeconds"),
    };
  });
  const { files, fileBytes, delayMs, atMost } = load;
  const sizes = { files, fileBytes, delayMs };
  const limit = (atMost: number) =>
    serverName === judgedServer ? { target: { atMost } } : ({ better: "lower" } as const);
  const ms = (rounds: readonly Figures[], name: string) => `${Math.round(medianOf(rounds, name) * 1000)} ms`;
  return [
    resultOf(measured, (rounds) => ({
      label: `${what}: time`,
      value: medianOf(rounds, "ratio"),
      unit: "times the script's",
      ...limit(atMost),
      sizes,
      rounds,
      note: `${ms(rounds, "seconds")} against ${ms(rounds, "bareSeconds")}, start and exit of the process included${
        isLarge ? `; the script with a single request takes ${ms(rounds, "wholeSeconds")}` : ""
      }`,
    })),
    resultOf(measured, (rounds) => ({
      label: `${what}: CPU`,
      value: medianOf(rounds, "cpuRatio"),
      unit: "times the script's",
      ...limit(cpuAtMost),
      sizes,
      rounds: rounds.map((round) => ({ ...round, ratio: figure(round, "cpuRatio") })),
      note: `${ms(rounds, "cpuSeconds")} against ${ms(rounds, "bareCpuSeconds")}, user and system`,
    })),
  ];
}

/** The programs to start, by the name of their figure, with the limit over an empty program in milliseconds. */
const starts = [
  { name: "versionMs", args: ["--version"], atMost: 60 },
  { name: "helpMs", args: ["--help"], atMost: 60 },
  { name: "lsHelpMs", args: ["ls", "--help"], atMost: 60 },
  { name: "uploadHelpMs", args: ["upload", "--help"], atMost: 60 },
  { name: "lsMs", args: ["ls"], atMost: 110 },
] as const;

type Start = (typeof starts)[number];

export const cliStart: Benchmark = {
  name: "cli-start",
  measures:
    "how much longer sf-image-store --version, a --help, and ls of an empty store take than node -e 0",
  async run(setting) {
    const { quick, signal } = setting;
    await using server = await startEmulatorChild(signal);
    // A quick run has only one round, and a single start is too noisy.
    const starting = quick ? 5 : 1;
    const measured = await repeat(setting, "start of the command line", quick ? 1 : 20, (_, build) =>
      startRound(moduleOf(build, "cli"), server.endpoint, starting, signal),
    );
    return starts.map((start) => resultOf(measured, (rounds) => startResult(start, rounds)));
  },
};

/** Starts each program in turn several times. Returns the fastest time of each, because other load can only add time. */
async function startRound(
  cli: string,
  endpoint: string,
  count: number,
  signal: AbortSignal,
): Promise<Figures> {
  const programs = [
    { name: "bareMs", args: ["-e", "0"], ms: [] as number[] },
    ...starts.map(({ name, args }) => {
      const connection = name === "lsMs" ? ["--endpoint", endpoint] : [];
      return { name, args: [cli, ...args, ...connection], ms: [] as number[] };
    }),
  ];
  for (let time = 0; time < count; time++) {
    for (const { args, ms } of programs) ms.push(figure(await runProcess(args, signal), "seconds") * 1000);
  }
  return Object.fromEntries(programs.map(({ name, ms }) => [name, Math.min(...ms)]));
}

function startResult({ name, args, atMost }: Start, rounds: readonly Figures[]): Result {
  const over = rounds.map((figures) => ({
    ...figures,
    overMs: figure(figures, name) - figure(figures, "bareMs"),
  }));
  const [bare, ours] = [medianOf(rounds, "bareMs"), medianOf(rounds, name)];
  return {
    label: `start, ${args.join(" ")}${name === "lsMs" ? " of an empty store" : ""}`,
    value: ours - bare,
    unit: "ms over node -e 0",
    target: { atMost },
    sizes: { starts: rounds.length },
    rounds: over,
    note: `${Math.round(ours)} ms against ${Math.round(bare)} ms`,
  };
}
