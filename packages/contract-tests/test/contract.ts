import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Contract, compileContract, loadContract } from "openapi-contract";
import { rules } from "../src/rules.js";

export const specs = resolve(import.meta.dirname, "../../../specs");

/** The contract of the image store, or of another document of this project, from its sources. */
export async function ownContract(name = "image-store"): Promise<Contract> {
  const spec = resolve(specs, `${name}.swagger.yaml`);
  const overlay = resolve(specs, `${name}.overlay.yaml`);
  return compileContract(await loadContract({ spec, overlay, strict: true }), rules);
}

/** A copy of an example that a test may change. */
export function example(name: string, folder = "examples"): { [name: string]: unknown } {
  return JSON.parse(readFileSync(resolve(specs, folder, `${name}.json`), "utf8"));
}
