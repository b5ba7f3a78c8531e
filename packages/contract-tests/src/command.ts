import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  displayPath,
  exampleOwners,
  loadContract,
  loadObject,
  type Problem,
  problemLine,
  SpecError,
} from "@sf-image-store/scripts/spec";
import { checkExample } from "./check-example.js";
import { compileContract } from "./contract.js";

const usage = `pnpm contract [--spec FILE] [--overlay FILE|none] [--examples DIR]

Holds every example (*.json, x-ms-examples form) below DIR to the contract: any Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1
document. Without options: the project's own. An example without an operationId belongs to the operations that name its
file under x-ms-examples. Prints one line per violation: file, JSON pointer, what was expected.

Exit code: 0 no violation, 1 violations, 2 the specification, the examples or the command line are unusable.`;

const specs = resolve(import.meta.dirname, "../../../specs");

const ownSpec = join(specs, "image-store.swagger.yaml");

/** Runs the command and returns its exit code. */
export async function contractCommand(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    const isExpected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
    console.error(isExpected ? error.message : error);
    return 2;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      spec: { type: "string", default: ownSpec },
      overlay: { type: "string", default: join(specs, "image-store.overlay.yaml") },
      examples: { type: "string", default: join(specs, "examples") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const overlay = values.overlay === "none" ? undefined : values.overlay;
  const isOwn = resolve(values.spec) === ownSpec;
  const contract = compileContract(
    await loadContract({ spec: values.spec, overlay, onMissingExample: isOwn ? undefined : warn }),
  );
  const ownersOf = ownersIn(values.spec);
  const examples = exampleFiles(values.examples).flatMap((path) => withOperation(path, ownersOf));
  const lines = examples.flatMap(({ file, value }) =>
    checkExample(contract, value).map(({ pointer, message }) => `${file}${pointer}: ${message}`),
  );
  for (const line of new Set(lines)) console.log(line);
  const operations = new Set(
    examples.map(({ value }) => String(value["operationId"])).filter((id) => contract.has(id)),
  );
  const files = new Set(examples.map(({ file }) => file)).size;
  const violations = new Set(lines).size;
  console.log(
    `${files} examples of ${operations.size} of ${contract.size} operations, ${violations} violations`,
  );
  return violations === 0 ? 0 : 1;
}

function warn(problem: Problem): void {
  console.error(`warning: ${problemLine(problem)}`);
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
