import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadContract, SpecError } from "../spec/index.js";
import { compareOutputs, type Difference, writeOutputs } from "./outputs.js";
import { generate, generatedFolders } from "./pipeline.js";

const usage = `pnpm codegen            generates the types, the operation table, the OpenAPI document and the typed examples
pnpm codegen --check    changes nothing; fails when a generated file differs, is missing or is orphaned

Exit code: 0 done or up to date, 1 not up to date, 2 the specification or the command line is unusable.`;

const root = resolve(import.meta.dirname, "../..");
const sources = ["specs/image-store.swagger.yaml", "specs/image-store.overlay.yaml"] as const;
const [spec, overlay] = sources;

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { check: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const document = await loadContract({ spec: resolve(root, spec), overlay: resolve(root, overlay) });
  const outputs = await generate(document, sources);
  if (!values.check) {
    report(writeOutputs(root, generatedFolders, outputs), {
      differs: "rewritten",
      missing: "written",
      orphaned: "removed",
    });
    console.log(`${outputs.size} generated files are up to date.`);
    return 0;
  }
  const differences = compareOutputs(root, generatedFolders, outputs);
  report(differences, { differs: "differs", missing: "missing", orphaned: "orphaned" });
  if (differences.length === 0) console.log(`${outputs.size} generated files are up to date.`);
  else console.log("Run `pnpm codegen` and commit the result.");
  return differences.length === 0 ? 0 : 1;
}

function report(differences: readonly Difference[], words: Record<Difference["kind"], string>): void {
  for (const { path, kind, patch } of differences) {
    console.log(`${words[kind]}: ${path}`);
    if (patch !== undefined && words.differs === "differs") console.log(shorten(patch));
  }
}

function shorten(patch: string): string {
  const lines = patch.split("\n");
  const most = 60;
  return lines.length <= most
    ? patch
    : `${lines.slice(0, most).join("\n")}\n… ${lines.length - most} more lines`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
  console.error(expected ? error.message : error);
  process.exitCode = 2;
}
