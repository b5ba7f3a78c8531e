import type { JsonObject } from "../spec/index.js";
import type { Change } from "./change.js";
import { sentenceOf } from "./sentence.js";
import { modelUses } from "./uses.js";
import { type Level, type Verdict, worst } from "./verdict.js";

/** The shape of `pnpm spec:diff --json`. Members are only ever added to it. */
export interface Report {
  /** What the contract was compared with, in words. */
  readonly base: string;
  readonly verdict: Level;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly changes: readonly ReportedChange[];
}

export interface ReportedChange extends Change {
  /** For a model: the operations of the new contract that write or read it. */
  readonly operations?: readonly string[];
}

export function reportOf(base: string, changes: readonly Change[], contract: JsonObject): Report {
  const count = (verdict: Verdict) => changes.filter((each) => each.verdict === verdict).length;
  const uses = modelUses(contract);
  return {
    base,
    verdict: worst(changes.map(({ verdict }) => verdict)),
    counts: { major: count("major"), minor: count("minor"), patch: count("patch") },
    changes: changes.map((each) => {
      const use = each.kind === "model" ? uses.get(each.name) : undefined;
      return use === undefined
        ? each
        : { ...each, operations: [...new Set([...use.request, ...use.response])] };
    }),
  };
}

/** The report for people: a heading per operation and model, a line per change, the verdict last. */
export function textOf(report: Report): string {
  const lines = [`The contract compared with ${report.base}:`];
  let heading = "";
  for (const each of report.changes) {
    const next = headingOf(each);
    if (next !== heading) lines.push("", next);
    heading = next;
    lines.push(`  ${each.verdict}  ${sentenceOf(each)}  ${each.pointer}`);
  }
  return [...lines, "", verdictLine(report)].join("\n");
}

export function verdictLine({ verdict, counts }: Report): string {
  if (verdict === "none") return "none: nothing has changed";
  const parts = (["major", "minor", "patch"] as const).filter((each) => counts[each] > 0);
  return `${verdict}: ${parts.map((each) => `${counts[each]} ${each}`).join(", ")}`;
}

function headingOf({ kind, name, operations = [] }: ReportedChange): string {
  if (kind !== "model") return name;
  const most = 3;
  const more = operations.length > most ? `, and ${operations.length - most} more` : "";
  const used = operations.length === 0 ? "no operation" : operations.slice(0, most).join(", ") + more;
  return `model ${name} (${used})`;
}
