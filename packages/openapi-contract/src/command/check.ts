import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compileContract } from "../check/contract.js";
import { checkExample } from "../check/examples.js";
import type { MeaningRules } from "../check/values.js";
import { type Problem, problemLine, SpecError } from "../document/json.js";
import { displayPath, exampleOwners, loadObject } from "../document/load.js";
import type { Project } from "../document/project.js";
import { type ContractFiles, loadContract } from "../overlay/load-contract.js";
import { exitCodeOf, type Output } from "./diff.js";

const usage = `openapi-contract check [--spec FILE [--overlay FILE]] [--examples DIR]

Checks every example (*.json, x-ms-examples form) below DIR against the contract: any Swagger 2.0, OpenAPI 3.0 or OpenAPI
3.1 document. Without options: what openapi-contract.json names. An example without an operationId belongs to the operations
that name its file under x-ms-examples. Prints one line per violation: file, JSON pointer, what was expected.

Exit code: 0 no violation, 1 violations, 2 the specification, the examples or the command line are unusable.`;

/** Runs `openapi-contract check`, with rules for what schemas cannot say. Resolves with the exit code. */
export function checkCommand(
  args: readonly string[],
  readProject: () => Project,
  output: Output,
  rules?: MeaningRules,
): Promise<number> {
  return exitCodeOf(output, () => run(args, readProject, output, rules));
}

async function run(
  args: readonly string[],
  readProject: () => Project,
  output: Output,
  rules: MeaningRules | undefined,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      spec: { type: "string" },
      overlay: { type: "string" },
      examples: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    output.log(usage);
    return 0;
  }
  const { spec, overlay } = values;
  const onWarning = (problem: Problem) => output.error(`warning: ${problemLine(problem)}`);
  const files = { ...(spec === undefined ? filesOf(readProject()) : { spec, overlay }), onWarning };
  const folder = values.examples ?? projectExamples(readProject());
  const contract = compileContract(await loadContract(files), rules);
  const ownersOf = ownersIn(files.spec);
  const examples = exampleFiles(folder).flatMap((path) => withOperation(path, ownersOf));
  const lines = new Set(
    examples.flatMap(({ file, value }) =>
      checkExample(contract, value).map(({ pointer, message }) => `${file}${pointer}: ${message}`),
    ),
  );
  for (const line of lines) output.log(line);
  const ids = examples.map(({ value }) => String(value["operationId"])).filter((id) => contract.has(id));
  const fileCount = new Set(examples.map(({ file }) => file)).size;
  output.log(
    `${fileCount} examples of ${new Set(ids).size} of ${contract.size} operations, ${lines.size} violations`,
  );
  return lines.size === 0 ? 0 : 1;
}

function filesOf({ root, spec, overlay, strict }: Project): ContractFiles {
  return { spec: join(root, spec), overlay: join(root, overlay), strict };
}

function projectExamples({ root, examples }: Project): string {
  return join(root, examples);
}

type Loaded = ReturnType<typeof loadObject>;

/** The example, once for each operation it belongs to: the one it names, else those that name its file. */
function withOperation(path: string, ownersOf: (path: string) => readonly string[]): Loaded[] {
  const example = loadObject(path);
  if (example.value["operationId"] !== undefined) return [example];
  const owners = ownersOf(path);
  return owners.length === 0
    ? [example]
    : owners.map((operationId) => ({ ...example, value: { ...example.value, operationId } }));
}

/** Who names an example file: read once, and only for examples that need it. */
function ownersIn(spec: string): (path: string) => readonly string[] {
  let owners: ReturnType<typeof exampleOwners> | undefined;
  return (path) => {
    owners ??= exampleOwners(spec);
    return owners.get(resolve(path)) ?? [];
  };
}

/** No example at all is an error: a check of nothing would always pass. */
function exampleFiles(folder: string): string[] {
  const unusable = (message: string, cause?: unknown) =>
    new SpecError([{ file: displayPath(folder), pointer: "", message }], { cause });
  try {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => join(folder, name));
    if (files.length === 0) throw unusable("holds no example (*.json)");
    return files;
  } catch (error) {
    if (error instanceof SpecError) throw error;
    throw unusable("cannot be read as a folder of examples", error);
  }
}
