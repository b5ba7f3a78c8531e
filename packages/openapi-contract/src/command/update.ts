import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { SpecError } from "../document/json.js";
import { displayPath, loadObject } from "../document/load.js";
import { printable } from "../document/printable.js";
import type { Projects } from "../document/project.js";
import { type Taken, updateDocument } from "../update/update.js";
import { exitCodeOf, type Output, wrongArgument } from "./diff.js";
import { helpText } from "./help.js";

const usage = `openapi-contract update OURS THEIRS [--paths PREFIX] [--dry-run]
  applies the changes in THEIRS, the vendor's document, to OURS, your own document of the same API

openapi-contract update THEIRS [--dry-run]
  does the same for the specifications in openapi-contract.json, with their updatedPaths

Changes the structure: operations, parameters, schemas, limits. Keeps your descriptions, examples and comments, and copies
none of THEIRS. New parts have no description.

  --paths PREFIX   only paths that begin with PREFIX or that OURS already has. Default: all paths of THEIRS
  --dry-run        prints the changes and writes nothing

Exit code: 0 done, 2 a document cannot be used.`;

/** Runs `openapi-contract update`. Resolves with the exit code. */
export function updateCommand(
  args: readonly string[],
  readProjects: () => Projects,
  output: Output,
): Promise<number> {
  return exitCodeOf(output, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        paths: { type: "string" },
        "dry-run": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    });
    if (values.help) {
      output.log(helpText(usage));
      return 0;
    }
    const [first, second, ...others] = positionals;
    if (first === undefined || others.length > 0)
      throw wrongArgument(`needs OURS and THEIRS, got ${positionals.length}\n\n${usage}`);
    if (second === undefined && values.paths !== undefined)
      throw wrongArgument("--paths is for OURS and THEIRS; a project states its updatedPaths");
    const targets =
      second === undefined
        ? readProjects().map(({ root, spec, updatedPaths }) => ({
            ours: join(root, spec),
            prefixes: updatedPaths,
          }))
        : [{ ours: resolve(first), prefixes: [values.paths ?? "/"] }];
    const theirs = loadObject(resolve(second ?? first)).value;
    const updates = targets.map(({ ours, prefixes }) => ({
      ours,
      ...updateDocument(readDocument(ours), theirs, prefixes),
    }));
    const taken = updates.flatMap((each) => each.taken);
    if (taken.length === 0) output.log("Nothing changed.");
    for (const each of taken) output.log(printable(lineOf(each)));
    if (values["dry-run"]) return 0;
    for (const { ours, text, taken } of updates) if (taken.length > 0) writeFileSync(ours, text);
    return 0;
  });
}

/** The text of a document that can be read: what is wrong with it is told with file and line. */
function readDocument(path: string): string {
  const { value } = loadObject(path);
  if (value["swagger"] === undefined && value["openapi"] === undefined)
    throw new SpecError([
      { file: displayPath(path), pointer: "#", message: "expected a Swagger 2.0 or an OpenAPI 3 document" },
    ]);
  return readFileSync(path, "utf8");
}

function lineOf({ kind, pointer, value }: Taken): string {
  if (value === undefined) return `${kind}  ${pointer}`;
  const text = JSON.stringify(value);
  const most = 80;
  return `${kind}  ${pointer}: ${text.length > most ? `${text.slice(0, most - 1)}…` : text}`;
}
