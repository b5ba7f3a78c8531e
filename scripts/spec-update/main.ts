import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadObject, SpecError } from "../spec/index.js";
import { updateSpecification } from "./update.js";

const specification = resolve(import.meta.dirname, "../../specs/image-store.swagger.yaml");
const [upstream, ...others] = process.argv.slice(2);
if (upstream === undefined || upstream.startsWith("-") || others.length > 0) {
  console.error(
    "pnpm spec:update FILE    carries what the vendor's Swagger 2.0 document changed over into ours",
  );
  process.exitCode = 2;
} else {
  update(upstream);
}

function update(file: string): void {
  try {
    const { value } = loadObject(resolve(file));
    const before = readFileSync(specification, "utf8");
    const after = updateSpecification(before, value, "/ImageStore");
    if (after === before) console.log("Nothing changed.");
    else writeFileSync(specification, after);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
