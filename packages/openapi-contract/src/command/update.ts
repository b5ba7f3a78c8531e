import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadObject } from "../document/load.js";
import type { Project } from "../document/project.js";
import { updateSpecification } from "../update/update.js";
import { exitCodeOf, type Output } from "./diff.js";

const usage = `openapi-contract update FILE    applies the changes of a new vendor document (Swagger 2.0) to the specification`;

/** Runs `openapi-contract update` in a project. Resolves with the exit code. */
export function updateCommand(
  args: readonly string[],
  readProject: () => Project,
  output: Output,
): Promise<number> {
  return exitCodeOf(output, async () => {
    const [upstream, ...others] = args;
    if (upstream === undefined || upstream.startsWith("-") || others.length > 0) {
      output.error(usage);
      return 2;
    }
    const { root, spec, updatedPaths } = readProject();
    const { value } = loadObject(resolve(upstream));
    const before = readFileSync(join(root, spec), "utf8");
    const after = updateSpecification(before, value, updatedPaths);
    if (after === before) output.log("Nothing changed.");
    else writeFileSync(join(root, spec), after);
    return 0;
  });
}
