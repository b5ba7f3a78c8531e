import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark, Result } from "../benchmark.js";
import type { Figures } from "../figures.js";
import { medianOf, repeat } from "../rounds.js";
import { root, runProgram, secondsOf } from "../workspace.js";

const ownDocument = join(root, "specs/image-store.swagger.yaml");

export const codegen: Benchmark = {
  name: "codegen",
  measures: "codegen and type check of a document of 1.2 MB, against our own document and an empty project",
  async run(setting) {
    const { quick, signal, say } = setting;
    say("codegen: making a document of 1.2 MB");
    const folder = await setting.scratch.folder("codegen");
    // A quick run shows that it works with what takes less.
    const document = quick ? ownDocument : await bigDocument(folder, signal);
    const out = join(folder, "generated");
    const generated = await repeat(setting, "codegen", quick ? 1 : 3, () =>
      against(
        () => generate(ownDocument, join(folder, "own"), signal),
        () => generate(document, out, signal),
      ),
    );
    const empty = await emptyProject(join(folder, "empty"));
    const checked = await repeat(setting, "type check", quick ? 1 : 5, () =>
      against(
        () => typeCheck(empty, signal),
        () => typeCheck(join(out, "tsconfig.json"), signal),
      ),
    );
    return [
      result("codegen, 1.2 MB", "times our own document's", generated),
      result("type check of it", "times an empty project's", checked),
    ];
  },
};

async function against(bare: () => Promise<unknown>, ours: () => Promise<unknown>): Promise<Figures> {
  const bareSeconds = await secondsOf(bare);
  const seconds = await secondsOf(ours);
  return { seconds, bareSeconds, ratio: seconds / bareSeconds };
}

function result(label: string, unit: string, rounds: readonly Figures[]): Result {
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
  return (await runProgram("scripts/test/big/main.ts", [folder], signal)).trim();
}

function generate(document: string, out: string, signal: AbortSignal): Promise<string> {
  return runProgram("scripts/codegen/main.ts", ["--spec", document, "--out", out], signal);
}

function typeCheck(project: string, signal: AbortSignal): Promise<string> {
  const compiler = fileURLToPath(new URL("bin/tsc", import.meta.resolve("typescript/package.json")));
  return runProgram(compiler, ["-p", project, "--noEmit"], signal);
}

/** With the settings of a generated project: what differs is the code alone. */
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
