import { arrayAt, isObject, SpecError, stringAt } from "../document/json.js";
import { loadObject } from "../document/load.js";
import type { Finding } from "./causes.js";

/** An entry of an ignore file: which changes are accepted, and why. */
interface Entry {
  readonly rule: string | undefined;
  /** The name of an operation or a model. */
  readonly name: string | undefined;
  /** A pattern: `*` stands for everything but `/`, `**` for everything. */
  readonly pointer: string | undefined;
  readonly reason: string;
  readonly place: string;
}

export interface Accepted {
  readonly kept: readonly Finding[];
  readonly ignored: readonly { readonly change: Finding; readonly reason: string }[];
  /** A line for each entry that matches no change. */
  readonly unused: readonly string[];
}

/** Takes out the changes that the ignore file accepts. Throws SpecError for an entry without a reason or a condition. */
export function acceptChanges(path: string, changes: readonly Finding[]): Accepted {
  const { file, value } = loadObject(path);
  const entries = arrayAt(value, "ignore").map((entry, index) => readEntry(file, entry, index));
  const used = new Set<Entry>();
  const kept: Finding[] = [];
  const ignored: { change: Finding; reason: string }[] = [];
  for (const change of changes) {
    const matching = entries.filter((entry) => matches(entry, change));
    for (const entry of matching) used.add(entry);
    const [first] = matching;
    if (first === undefined) kept.push(change);
    else ignored.push({ change, reason: first.reason });
  }
  const unused = entries
    .filter((entry) => !used.has(entry))
    .map(({ place, reason }) => `${file}${place}: matches no change; delete it (its reason was: ${reason})`);
  return { kept, ignored, unused };
}

function readEntry(file: string, entry: Parameters<typeof isObject>[0], index: number): Entry {
  const place = `#/ignore/${index}`;
  const wrong = (message: string) => new SpecError([{ file, pointer: place, message }]);
  if (!isObject(entry)) throw wrong("expected an object");
  const known = ["rule", "name", "pointer", "reason"];
  const unknown = Object.keys(entry).find((name) => !known.includes(name));
  if (unknown !== undefined) throw wrong(`${unknown} is unknown; use ${known.join(", ")}`);
  const reason = stringAt(entry, "reason")?.trim() ?? "";
  if (reason === "") throw wrong("needs a reason: why is this change acceptable?");
  const [rule, name, pointer] = ["rule", "name", "pointer"].map((each) => stringAt(entry, each));
  if (rule === undefined && name === undefined && pointer === undefined)
    throw wrong("would ignore everything; add rule, name or pointer");
  return { rule, name, pointer, reason, place };
}

function matches({ rule, name, pointer }: Entry, change: Finding): boolean {
  return (
    (rule ?? change.rule) === change.rule &&
    (name ?? change.name) === change.name &&
    fits(pointer, change.pointer)
  );
}

function fits(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part.startsWith("*")) return part.length > 1 ? ".*" : "[^/]*";
    return part.replaceAll(/[$.+?^()|[\]\\{}]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "s").test(text);
}
