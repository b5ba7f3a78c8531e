import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject } from "../document/json.js";
import { printable } from "../document/printable.js";
import type { Finding } from "./causes.js";
import { type Change, type Level, namesOf, worst } from "./change.js";
import { modelUses } from "./models.js";
import type { RuleName, Verdict } from "./rules.js";

/** The shape of `openapi-contract diff --json`. Members are only ever added to it. */
export interface Report {
  /** What the contract was compared with, in words. */
  readonly base: string;
  readonly verdict: Level;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly changes: readonly ReportedChange[];
  /** Changes that an ignore file accepts. They count for nothing above. */
  readonly accepted?: readonly { readonly change: Finding; readonly reason: string }[];
}

export interface ReportedChange extends Finding {
  /** For a model: the operations of the new contract that write or read it. */
  readonly operations?: readonly string[];
}

export function reportOf(base: string, changes: readonly Finding[], contract: JsonObject): Report {
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
  for (const { heading, changes } of sectionsOf(report)) {
    lines.push("", heading);
    for (const { first, rest } of runsOf(changes)) {
      for (const each of first) {
        lines.push(`  ${each.verdict}  ${sentenceOf(each)}  ${each.pointer}`);
        if (each.others !== undefined) lines.push(`         also ${othersOf(each)}`);
      }
      if (rest !== undefined) lines.push(`  ${rest.verdict}  ${rest.sentence}`);
    }
  }
  return [...lines, "", verdictLine(report)].map(printable).join("\n");
}

/** The changes of one operation or model. */
export interface Section {
  readonly heading: string;
  readonly changes: readonly ReportedChange[];
}

/** The changes by what they belong to. New models, which follow from what refers to them, are one section at the end. */
export function sectionsOf({ changes }: Report): Section[] {
  const newModels = changes.filter(({ rule }) => rule === "model-added");
  const areFolded = newModels.length > 1;
  const sections = new Map<string, ReportedChange[]>();
  for (const each of changes) {
    if (areFolded && each.rule === "model-added") continue;
    const heading = headingOf(each);
    sections.set(heading, [...(sections.get(heading) ?? []), each]);
  }
  const told = [...sections].map(([heading, own]) => ({ heading, changes: own }));
  return areFolded ? [...told, { heading: "new models", changes: newModels }] : told;
}

/** Changes of one rule in one section: the first few are told in full, the others by name. */
interface Run {
  readonly first: readonly ReportedChange[];
  readonly rest: { readonly verdict: Verdict; readonly sentence: string } | undefined;
}

const verdicts: readonly (Verdict | undefined)[] = ["major", "minor", "patch"];

function severityOf([first]: readonly ReportedChange[]): number {
  return verdicts.indexOf(first?.verdict);
}

const toldInFull = 3;

export function runsOf(changes: readonly ReportedChange[]): Run[] {
  const byRule = new Map<string, ReportedChange[]>();
  for (const each of changes) {
    const key = `${each.rule} ${each.verdict}`;
    byRule.set(key, [...(byRule.get(key) ?? []), each]);
  }
  const bySeverity = [...byRule.values()].sort((a, b) => severityOf(a) - severityOf(b));
  return bySeverity.map((run): Run => {
    const [first] = run;
    if (first === undefined || run.length <= toldInFull + 1) return { first: run, rest: undefined };
    const names = run.slice(toldInFull).map(({ kind, rule, name, pointer, message }) => {
      if (kind === "model" && rule === "model-added") return name;
      return pointer.includes("/properties/") ? (pointer.split("/").at(-1) ?? message) : message;
    });
    const sentence = `${names.length} more of this kind (${first.rule}): ${names.join(", ")}`;
    return { first: run.slice(0, toldInFull), rest: { verdict: first.verdict, sentence } };
  });
}

/** Where else the same change shows: by name, or the places where they are in one model. */
export function othersOf({ name, others = [] }: Finding): string {
  const names = [...new Set(others.map((each) => each.name).filter((each) => each !== name))];
  const most = 3;
  const shown = names.slice(0, most);
  const left = others.filter((each) => !shown.includes(each.name)).length;
  const more = left === 0 ? [] : [`${left} more ${left === 1 ? "place" : "places"}`];
  return `in ${[...shown, ...more].join(", ")}`;
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

/** Changes whose sentence says all: `false → true` would add nothing, and whole examples too much. */
const saidInWords: ReadonlySet<RuleName> = new Set([
  "deprecated",
  "deprecation-withdrawn",
  "parameter-became-required",
  "parameter-became-optional",
  "body-became-required",
  "body-became-optional",
  "property-became-required",
  "property-became-optional",
  "null-allowed",
  "null-refused",
  "read-only-added",
  "read-only-removed",
  "write-only-added",
  "write-only-removed",
  "example-changed",
]);

/** The change in one sentence, with the old and the new value where they say something. */
export function sentenceOf({ message, rule, old, new: next }: Change): string {
  if (saidInWords.has(rule)) return message;
  const texts = differingEnds(old, next);
  if (texts !== undefined) return `${message}: ${fromTo(...texts)}`;
  const isAlike = old !== undefined && next !== undefined && shorten(old) === shorten(next);
  const said = isAlike ? differenceIn(old, next) : fromTo(old, next);
  return said === "" ? message : `${message}: ${said}`;
}

/** Two texts from where they differ on; undefined for what is not two texts that begin alike for a while. */
function differingEnds(old: Json | undefined, next: Json | undefined): [string, string] | undefined {
  if (typeof old !== "string" || typeof next !== "string") return undefined;
  let same = 0;
  while (same < old.length && old[same] === next[same]) same++;
  const start = old.lastIndexOf(" ", same);
  if (start < 20 || Math.max(old.length, next.length) <= longest) return undefined;
  return [`…${old.slice(start)}`, `…${next.slice(start)}`];
}

function fromTo(old: Json | undefined, next: Json | undefined): string {
  if (old === undefined) return shorten(next);
  return next === undefined ? `was ${shorten(old)}` : `${shorten(old)} → ${shorten(next)}`;
}

/** What differs in two values that print alike as a whole; nothing where that cannot be shown in a few words. */
function differenceIn(old: Json, next: Json): string {
  const parts = differences(old, next).map(({ name, old: was, new: is }) => {
    const isAlike = was !== undefined && is !== undefined && shorten(was) === shorten(is);
    return isAlike ? name : `${name}: ${fromTo(was, is)}`;
  });
  const most = 3;
  const more = parts.length > most ? [`${parts.length - most} more`] : [];
  return [...parts.slice(0, most), ...more].join("; ");
}

interface Difference {
  readonly name: string;
  readonly old: Json | undefined;
  readonly new: Json | undefined;
}

function differences(
  old: Json | undefined,
  next: Json | undefined,
  names: readonly string[] = [],
): Difference[] {
  if (isDeepStrictEqual(old, next)) return [];
  if (isObject(old) && isObject(next)) {
    return namesOf(Object.keys(old), Object.keys(next)).flatMap((name) =>
      differences(old[name], next[name], [...names, name]),
    );
  }
  return names.length === 0 ? [] : [{ name: names.join("."), old, new: next }];
}

const longest = 60;

function shorten(value: Json | undefined): string {
  const text = typeof value === "string" ? value : isObject(value) ? typeLine(value) : JSON.stringify(value);
  const line = text === "" ? '""' : (text ?? "nothing").replaceAll(/\s+/g, " ");
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}

/** A schema or another object says what it is by its type or reference rather than by its whole text. */
function typeLine(value: JsonObject): string {
  const schema = isObject(value["schema"]) ? value["schema"] : value;
  const { type, format, $ref: reference } = schema;
  if (typeof reference === "string") return reference.split("/").at(-1) ?? reference;
  if (type === undefined) return JSON.stringify(value);
  return [...[type].flat(), ...(typeof format === "string" ? [format] : [])].join(" ");
}
