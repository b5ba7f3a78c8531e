import { readFileSync } from "node:fs";
import { applyIgnoreFile } from "../document/ignore-file.js";
import { displayPath } from "../document/load.js";
import { type Positions, positionsIn } from "../document/positions.js";
import { shortened, type Violation, violation } from "./values.js";

/** A violation and where it stands in a file. */
export interface Finding extends Violation {
  /** Relative to the working directory, with `/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly operationId?: string;
}

/** Findings with one cause. */
export interface FindingGroup {
  readonly first: Finding;
  readonly others: readonly Finding[];
  /** How many there are, `first` and those that were not kept included. */
  readonly count: number;
}

/** Violations of which the name of a member is to blame, not its value. */
const isAboutName =
  /^(UNKNOWN_|PARAMETER_UNKNOWN|HEADER_UNKNOWN|EXAMPLE_PART_|STATUS_|\w+_PROPERTY_IN_|RESPONSE_BODY_UNEXPECTED)/;

/** Gives violations of an example their places in its file, and shows values as they are written there. */
export function locate(
  path: string,
  operationId: string | undefined,
  violations: readonly Violation[],
): Finding[] {
  if (violations.length === 0) return [];
  const file = displayPath(path);
  const positions = positionsOf(path);
  return violations.map((each) => {
    const { line, column, text } = positions(each.pointer, isAboutName.test(each.code) ? "name" : "value");
    return {
      ...asWritten(each, text),
      file,
      line,
      column,
      ...(operationId === undefined ? {} : { operationId }),
    };
  });
}

function positionsOf(path: string): Positions {
  return positionsIn(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
}

/** JSON.parse rounds large integers and drops the zeros of 1.0: a report has to show what a search finds in the file. */
function asWritten(found: Violation, text: string | undefined): Violation {
  const { actual, message } = found;
  if (text === undefined || actual === undefined || text === actual || !isSameValue(text, actual))
    return found;
  const shown = `, got ${shortened(actual)}`;
  const start = message.endsWith(shown) ? message.slice(0, -shown.length) : undefined;
  return {
    ...found,
    actual: text,
    message: start === undefined ? message : `${start}, got ${shortened(text)}`,
  };
}

function isSameValue(text: string, json: string): boolean {
  try {
    return JSON.parse(text) === JSON.parse(json);
  } catch {
    return false;
  }
}

/** Puts findings of one cause together, in the order in which the first of each was found. */
export function groupFindings(findings: readonly Finding[]): FindingGroup[] {
  const collector = new FindingCollector();
  for (const each of findings) collector.add(each);
  return collector.groups();
}

/** Collects findings by their cause. With a limit it takes little memory, however long it runs. */
export class FindingCollector {
  readonly #groups = new Map<string, { first: Finding; others: Finding[]; count: number }>();

  /**
   * Of each cause, at most `keptOthers` findings beside the first are kept. Above `maxGroups` causes, new ones of a code
   * count as one. All findings are counted.
   */
  constructor(
    readonly keptOthers = Number.POSITIVE_INFINITY,
    readonly maxGroups = Number.POSITIVE_INFINITY,
  ) {}

  add(finding: Finding): void {
    const own = causeOf(finding);
    const cause = this.#groups.size < this.maxGroups || this.#groups.has(own) ? own : finding.code;
    const group = this.#groups.get(cause);
    if (group === undefined) this.#groups.set(cause, { first: finding, others: [], count: 1 });
    else {
      group.count++;
      if (group.others.length < this.keptOthers) group.others.push(finding);
    }
  }

  groups(): FindingGroup[] {
    return [...this.#groups.values()];
  }
}

/**
 * One cause: the same code at the same place of the document; where that has no name, at the same place of examples of the
 * same operation. Parameters of one name are one cause: operations share them.
 */
function causeOf({ code, schema, pointer, expected, actual, operationId, file }: Finding): string {
  const what = actual === undefined ? expected : "";
  const name = isAboutName.test(code) ? pointer.split("/").at(-1) : "";
  if (schema !== undefined) return JSON.stringify([code, schema, what, name]);
  const place = pointer.replace(/(?<!#\/responses)\/\d+(?=\/|$)/g, "/*");
  const owner = place.startsWith("#/parameters/") ? "" : (operationId ?? file);
  return JSON.stringify([code, owner, place, what]);
}

export interface Ignored {
  readonly kept: readonly Finding[];
  readonly ignored: readonly { readonly finding: Finding; readonly reason: string }[];
}

/** Removes what the ignore file lists. An entry that matches nothing is a finding of its own. */
export function ignoreFindings(path: string, findings: readonly Finding[]): Ignored {
  const fields = {
    code: { of: ({ code }: Finding) => code },
    file: { of: ({ file }: Finding) => file, isPattern: true },
    pointer: { of: ({ pointer }: Finding) => pointer, isPattern: true },
    operation: { of: ({ operationId }: Finding) => operationId },
  };
  const { kept, ignored, unused } = applyIgnoreFile(path, findings, fields, "why may this violation stay?");
  const stale = unused.map(({ place, reason }) => {
    const message = `this entry matches no violation; delete it (its reason was: ${shortened(reason)})`;
    return violation({
      code: "IGNORE_ENTRY_UNUSED",
      pointer: place,
      expected: "a violation that matches",
      message,
    });
  });
  return {
    kept: [...kept, ...locate(path, undefined, stale)],
    ignored: ignored.map(({ item, reason }) => ({ finding: item, reason })),
  };
}
