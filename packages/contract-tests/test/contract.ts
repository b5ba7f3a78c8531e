import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Contract, compileContract, loadContract } from "openapi-contract";
import { imageStoreRules } from "../src/rules.js";

export const specs = resolve(import.meta.dirname, "../../../specs");

/** The contract of this project, from its sources. */
export async function ownContract(): Promise<Contract> {
  const spec = resolve(specs, "image-store.swagger.yaml");
  const overlay = resolve(specs, "image-store.overlay.yaml");
  return compileContract(await loadContract({ spec, overlay, strict: true }), imageStoreRules);
}

/** A copy of an example that a test may change. */
export function example(name: string): { [name: string]: unknown } {
  return JSON.parse(readFileSync(resolve(specs, "examples", `${name}.json`), "utf8"));
}
