import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type JsonObject, SpecError } from "../document/json.js";
import { displayPath, exampleOwners, loadExample, loadObject } from "../document/load.js";
import type { Contract } from "./contract.js";
import type { Coverage, Use } from "./coverage.js";
import { checkDocument } from "./document-rules.js";
import { checkExample } from "./examples.js";
import { checkExchange, exampleOf } from "./exchange.js";
import { type Finding, locate } from "./findings.js";
import type { CheckReport } from "./reports.js";
import { readTraffic } from "./traffic.js";
import { isMembers, type Members, violation } from "./values.js";

/** What a run has checked, and what it found. */
export interface Checked extends Pick<CheckReport, "files" | "checked" | "operations"> {
  readonly findings: readonly Finding[];
  readonly uses: readonly Use[];
}

/** Checks documents, example files and recorded traffic. */
export function checkFiles(
  contract: Contract,
  specs: readonly string[],
  paths: readonly string[],
  traffic: readonly string[],
): Checked {
  const ownersOf = ownersIn(specs);
  const examples = paths.flatMap((path) => withOperation(path, ownersOf));
  const exchanges = traffic.flatMap((path) =>
    readTraffic(path).map((each) => ({ ...each, file: displayPath(path) })),
  );
  const findings = [
    ...specs.flatMap((spec) => locate(spec, undefined, checkDocument(loadObject(spec).value))),
    ...distinct(
      examples.flatMap(({ path, value }) => locate(path, idOf(value), checkExample(contract, value))),
    ),
    ...exchanges.flatMap(({ exchange, file, line, column, pointer }) => {
      const operationId = exampleOf(contract, exchange)?.operation.id;
      const place = { file, line, column, ...(operationId === undefined ? {} : { operationId }) };
      const below = pointer === "#" ? "" : ` (in ${pointer})`;
      return checkExchange(contract, exchange).map((each) => ({
        ...each,
        ...place,
        message: each.message + below,
      }));
    }),
  ];
  const uses = [
    ...examples.flatMap(({ value }) => useOf(value)),
    ...exchanges.flatMap(({ exchange }) => exampleOf(contract, exchange)?.example ?? []),
  ];
  const used = new Set(uses.map(({ operationId }) => operationId).filter((id) => contract.has(id)));
  const files = new Set([...examples, ...exchanges].map(({ file }) => file));
  return {
    findings,
    uses,
    files: [...files],
    checked: { examples: new Set(examples.map(({ file }) => file)).size, exchanges: exchanges.length },
    operations: { used: used.size, total: contract.size },
  };
}

/** A file that several operations name is wrong once where it is wrong for all of them. */
function distinct(findings: readonly Finding[]): Finding[] {
  return [
    ...new Map(
      findings.map((each) => [`${each.file}${each.pointer}: ${each.code} ${each.message}`, each]),
    ).values(),
  ];
}

function idOf({ operationId }: JsonObject): string | undefined {
  return typeof operationId === "string" ? operationId : undefined;
}

function useOf(example: JsonObject): Use[] {
  const operationId = idOf(example);
  const members = (value: unknown): Members => (isMembers(value) ? value : {});
  const { parameters, responses } = example;
  return operationId === undefined
    ? []
    : [{ operationId, parameters: members(parameters), responses: members(responses) }];
}

/** Operations and statuses without an example, where the document describes them. */
export function notShown(spec: string, coverage: Coverage): Finding[] {
  const shown = (kind: string) => kind === "operations" || kind.endsWith("statuses");
  const missing = coverage.missing.filter(({ kind }) => shown(kind));
  const violations = missing.map(({ kind, name, pointer }) => {
    const code = kind === "operations" ? "EXAMPLE_MISSING" : "STATUS_NOT_SHOWN";
    return violation({
      code,
      pointer,
      expected: `an example of ${name}`,
      message: `no example shows ${name}`,
    });
  });
  return locate(spec, undefined, violations).map((found, index) => {
    const operationId = missing[index]?.operationId;
    return operationId === undefined ? found : { ...found, operationId };
  });
}

type Loaded = ReturnType<typeof loadObject> & { readonly path: string };

/** The example, once for each operation it belongs to: the one it names, else those that name its file. */
function withOperation(path: string, ownersOf: (path: string) => readonly string[]): Loaded[] {
  const example = { path, ...loadExample(path) };
  if (example.value["operationId"] !== undefined) return [example];
  const owners = ownersOf(path);
  return owners.length === 0
    ? [example]
    : owners.map((operationId) => ({ ...example, value: { ...example.value, operationId } }));
}

/** Which operations name an example file: read once, and only for examples that need it. */
function ownersIn(specs: readonly string[]): (path: string) => readonly string[] {
  let owners: ReturnType<typeof exampleOwners>[] | undefined;
  return (path) => {
    owners ??= specs.map(exampleOwners);
    return owners.flatMap((each) => each.get(resolve(path)) ?? []);
  };
}

/** No example at all is an error: a check of nothing would always pass. */
export function exampleFiles(folder: string): string[] {
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
