import { writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { stringify } from "yaml";
import { type JsonObject, type OnWarning, problemLine } from "../document/json.js";
import { loadObject } from "../document/load.js";
import { printable } from "../document/printable.js";
import { overlayActions } from "../overlay/difference.js";
import { applyOverlay } from "../overlay/overlay.js";
import { exitCodeOf, type Output, wrongArgument } from "./diff.js";
import { helpText } from "./help.js";

const usage = `openapi-contract overlay apply DOCUMENT OVERLAY… [--strict] [--out FILE]
  applies OpenAPI Overlays (1.0 or 1.1) to a document, one after the other, and prints the result

  --strict     a target that matches nothing is an error, and every action needs a description and an x-evidence line

openapi-contract overlay compare A B [--out FILE]
  prints the overlay that turns document A into document B

With both:
  --out FILE   writes to a file instead; JSON if its name ends with .json, otherwise YAML

Documents are YAML or JSON. They are not converted, so targets are JSONPaths into the document as it is written.

Exit code: 0 done, 2 a document or an overlay cannot be used.`;

/** Runs `openapi-contract overlay`. Resolves with the exit code. */
export function overlayCommand(args: readonly string[], output: Output): Promise<number> {
  return exitCodeOf(output, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        strict: { type: "boolean" },
        out: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    });
    const [command, ...files] = positionals;
    if (values.help) {
      output.log(helpText(usage));
      return 0;
    }
    const warn: OnWarning = (problem) => output.error(`warning: ${printable(problemLine(problem))}`);
    const [first, ...others] = files;
    if (command === "apply" && first !== undefined && others.length > 0) {
      const applied = apply(first, others, values.strict === true, warn);
      write(applied, values.out, first, output);
    } else if (command === "compare" && first !== undefined && others.length === 1) {
      const overlay = compare(first, others[0] ?? "", warn);
      if (overlay === undefined) output.error("The documents are the same, so there is no overlay to write.");
      else write(overlay, values.out, ".yaml", output);
    } else throw wrongArgument(usage);
    return 0;
  });
}

function apply(file: string, overlays: readonly string[], strict: boolean, warn: OnWarning): JsonObject {
  let document = loadObject(resolve(file), warn).value;
  for (const overlay of overlays)
    document = applyOverlay(document, loadObject(resolve(overlay), warn), { strict, warn });
  return document;
}

/** The overlay that turns one document into the other; undefined when they are the same. */
function compare(from: string, to: string, warn: OnWarning): JsonObject | undefined {
  const [before, after] = [loadObject(resolve(from), warn).value, loadObject(resolve(to), warn).value];
  const actions = overlayActions(before, after);
  if (actions.length === 0) return undefined;
  const overlay: JsonObject = {
    overlay: "1.0.0",
    info: { title: `${basename(from)} to ${basename(to)}`, version: "1.0.0" },
    actions: actions.map((action): JsonObject => ({ ...action })),
  };
  const result = applyOverlay(before, { file: "the overlay", value: overlay }, { strict: false, warn });
  if (!isDeepStrictEqual(result, after)) throw new Error(`The overlay does not turn ${from} into ${to}.`);
  return overlay;
}

function write(document: JsonObject, out: string | undefined, source: string, output: Output): void {
  const isJson = (out ?? source).endsWith(".json");
  const text = isJson ? `${JSON.stringify(document, null, 2)}\n` : stringify(document, { lineWidth: 120 });
  if (out === undefined) output.log(text.trimEnd());
  else writeFileSync(resolve(out), text);
}
