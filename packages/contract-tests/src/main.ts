import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { displayPath, loadContract, loadObject, SpecError } from "@sf-image-store/scripts/spec";
import { checkExample } from "./check-example.js";
import { compileContract } from "./contract.js";

const usage = `pnpm contract [--spec FILE] [--overlay FILE|none] [--examples DIR]

Holds every example (*.json, x-ms-examples form) below DIR to the contract. Without options: the project's own.
Prints one line per violation: file, JSON pointer, what was expected.

Exit code: 0 no violation, 1 violations, 2 the specification, the examples or the command line are unusable.`;

const specs = resolve(import.meta.dirname, "../../../specs");

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      spec: { type: "string", default: join(specs, "image-store.swagger.yaml") },
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
  const contract = compileContract(await loadContract({ spec: values.spec, overlay }));
  const examples = exampleFiles(values.examples).map(loadObject);
  const lines = examples.flatMap(({ file, value }) =>
    checkExample(contract, value).map(({ pointer, message }) => `${file}${pointer}: ${message}`),
  );
  for (const line of lines) console.log(line);
  const operations = new Set(examples.map(({ value }) => value["operationId"]));
  console.log(
    `${examples.length} examples of ${operations.size} of ${contract.size} operations, ${lines.length} violations`,
  );
  return lines.length === 0 ? 0 : 1;
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof SpecError || (error instanceof TypeError && "code" in error);
  console.error(expected ? error.message : error);
  process.exitCode = 2;
}
