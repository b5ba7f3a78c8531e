import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  againstBare,
  type Benchmark,
  medianOf,
  type Result,
  type RoundsOfBuilds,
  repeat,
  resultOf,
  type Setting,
} from "../benchmark.js";
import {
  type Figures,
  type Inputs,
  ownBuild,
  secondsOf,
  startChild,
  startForEach,
  startSinkChild,
} from "../resources.js";

const entries = 10_000;

export const calls: Benchmark = {
  name: "calls",
  measures: "getUploadSession, one call after the other, compared with the same fetch and JSON.parse",
  run: async (setting) => [
    await compare(setting, { label: "calls, session", what: "session", count: setting.quick ? 20 : 1000 }),
  ],
};

export const listing: Benchmark = {
  name: "listing",
  measures: "listContent of 10,000 entries, compared with the same fetch and JSON.parse of the same pages",
  run: async (setting) => [
    await compare(setting, { label: "listing, 10,000", what: "listing", count: setting.quick ? 1 : 20 }),
  ],
};

interface Requests extends Pick<Inputs["requests"], "what" | "count"> {
  readonly label: string;
}

async function compare(setting: Setting, { label, what, count }: Requests): Promise<Result> {
  const { quick, signal } = setting;
  await using sink = await startSinkChild(signal, { entries });
  const input = { endpoint: sink.endpoint, what, count };
  await using bare = await startChild("requests", { ...input, by: "bare", build: ownBuild }, signal);
  await using ours = await startForEach(setting.builds, (build) =>
    startChild("requests", { ...input, by: "client", build }, signal),
  );
  const measured = await repeat(setting, label, quick ? 1 : 7, (index, build) =>
    againstBare(bare, ours.of(build), index),
  );
  return resultOf(measured, (rounds) => {
    const ms = ["seconds", "bareSeconds"].map((name) => ((medianOf(rounds, name) / count) * 1000).toFixed(2));
    return {
      label,
      value: medianOf(rounds, "ratio"),
      unit: "of bare fetch's speed",
      target: { atLeast: 0.85 },
      sizes: what === "listing" ? { entries, count } : { count },
      rounds,
      note: `${ms[0]} ms each, against ${ms[1]} ms`,
    };
  });
}

const ownDocument = join(ownBuild.root, "specs/image-store.swagger.yaml");

export const codegen: Benchmark = {
  name: "codegen",
  measures:
    "codegen and type check of a document of 1.2 MB, compared with our own document and an empty project",
  async run(setting) {
    const { quick, signal, say } = setting;
    // The baseline is not measured: nothing here is about the client.
    const own = { ...setting, builds: [ownBuild] } as const;
    say("codegen: making a document of 1.2 MB");
    const folder = await setting.scratch.folder("codegen");
    // A quick run shows that it works, with a smaller document.
    const document = quick ? ownDocument : await bigDocument(folder, signal);
    const out = join(folder, "generated");
    // The generated code imports it.
    const clientModules = join(ownBuild.root, "packages/client/node_modules");
    await symlink(clientModules, join(folder, "node_modules"), "junction");
    const generated = await repeat(own, "codegen", quick ? 1 : 3, () =>
      against(
        () => generate(ownDocument, join(folder, "own"), signal),
        () => generate(document, out, signal),
      ),
    );
    const empty = await emptyProject(join(folder, "empty"));
    const checked = await repeat(own, "type check", quick ? 1 : 5, () =>
      against(
        () => typeCheck(empty, signal),
        () => typeCheck(join(out, "tsconfig.json"), signal),
      ),
    );
    return [
      codegenResult("codegen, 1.2 MB", "times our own document's", generated),
      codegenResult("type check of it", "times an empty project's", checked),
    ];
  },
};

async function against(bare: () => Promise<unknown>, ours: () => Promise<unknown>): Promise<Figures> {
  const bareSeconds = await secondsOf(bare);
  const seconds = await secondsOf(ours);
  return { seconds, bareSeconds, ratio: seconds / bareSeconds };
}

function codegenResult(label: string, unit: string, [rounds = []]: RoundsOfBuilds): Result {
  const [ours, bare] = [medianOf(rounds, "seconds"), medianOf(rounds, "bareSeconds")];
  return {
    label,
    value: medianOf(rounds, "ratio"),
    unit,
    better: "lower",
    sizes: { rounds: rounds.length },
    rounds,
    note: `${ours.toFixed(2)} s against ${bare.toFixed(2)} s, the start of the process included`,
  };
}

async function bigDocument(folder: string, signal: AbortSignal): Promise<string> {
  return (await runProgram("packages/openapi-contract/test/big/main.ts", [folder], signal)).trim();
}

function generate(document: string, out: string, signal: AbortSignal): Promise<string> {
  const command = "packages/openapi-contract/src/main.ts";
  return runProgram(command, ["generate", document, "--out", out], signal);
}

function typeCheck(project: string, signal: AbortSignal): Promise<string> {
  const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));
  return runProgram(compiler, ["-p", project, "--noEmit"], signal);
}

/** Has the settings of a generated project, so that only the code differs. */
async function emptyProject(folder: string): Promise<string> {
  await mkdir(folder);
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "dom"],
    module: "nodenext",
    types: [],
    strict: true,
  };
  await writeFile(join(folder, "empty.ts"), "export {};\n");
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return join(folder, "tsconfig.json");
}

const execute = promisify(execFile);

/**
 * Runs a program of the project in a Node process, TypeScript with tsx. Resolves with its stdout. Rejects with its stderr
 * when it fails.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  { root } = ownBuild,
): Promise<string> {
  const loader = file.endsWith(".ts") ? ["--import", "tsx"] : [];
  const { stdout } = await execute(process.execPath, [...loader, file, ...args], { cwd: root, signal });
  return stdout;
}
