import { isDeepStrictEqual } from "node:util";
import { isObject, type Json } from "../document/json.js";
import { type Change, change, differs, type Found, type Pair, type Place } from "./change.js";
import { addedRemovedChanged, elsewhere, type MemberComparison, sayAs, toggle } from "./members.js";

/** Comparisons of the keywords that restrict a single value. Each is called only when there is a difference. */
export const valueKeywords: Readonly<Record<string, MemberComparison>> = {
  type: compareTypes,
  nullable: (pair, place) => [change(place, pair.new === undefined ? "null-refused" : "null-allowed", pair)],
  format: compareFormats,
  minimum: bound("lower"),
  minLength: bound("lower"),
  minItems: bound("lower"),
  minProperties: bound("lower"),
  minContains: bound("lower", 1),
  maximum: bound("upper"),
  maxLength: bound("upper"),
  maxItems: bound("upper"),
  maxProperties: bound("upper"),
  maxContains: bound("upper"),
  pattern: restriction(),
  multipleOf: restriction(),
  not: restriction(),
  uniqueItems: toggle("restriction-added", "restriction-removed"),
  default: addedRemovedChanged("default-added", "default-removed", "default-changed"),
  readOnly: toggle("read-only-added", "read-only-removed"),
  writeOnly: toggle("write-only-added", "write-only-removed"),
  contentEncoding: sayAs("encoding-changed"),
  contentMediaType: sayAs("encoding-changed"),
  xml: sayAs("wire-changed"),
  // No value is allowed at all.
  false: restriction(),
  // Reached only by references, and compared where they lead.
  $defs: elsewhere,
};

function restriction(): MemberComparison {
  return addedRemovedChanged("restriction-added", "restriction-removed", "restriction-changed");
}

/** A limit of a number; the exclusive kind stands for itself. */
interface Limit {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** A limit that is not there is as wide as can be, or what `absent` says. */
function bound(side: "lower" | "upper", absent?: number): MemberComparison {
  return (pair, place, name) => {
    const none = absent ?? noLimit(name, side);
    const [before, after] = [limitOf(pair.old?.value, none), limitOf(pair.new?.value, none)];
    const sign = side === "lower" ? 1 : -1;
    const by = sign * (after.value - before.value) || Number(after.isExclusive) - Number(before.isExclusive);
    if (by === 0 || Number.isNaN(by)) return [];
    return [change(place, by > 0 ? "bound-narrowed" : "bound-widened", pair, name)];
  };
}

/** Lengths and counts are never below zero, so a lower limit of zero limits nothing. */
function noLimit(name: string, side: "lower" | "upper"): number {
  if (side === "upper") return Number.POSITIVE_INFINITY;
  return name === "minimum" ? Number.NEGATIVE_INFINITY : 0;
}

function limitOf(value: Json | undefined, absent: number): Limit {
  const exclusive = /^[<>] (.+)$/.exec(String(value))?.[1];
  if (exclusive !== undefined) return { value: Number(exclusive), isExclusive: true };
  return { value: typeof value === "number" ? value : absent, isExclusive: false };
}

function compareTypes(pair: Pair, place: Place): Change[] {
  if (pair.old === undefined) return [change(place, "type-stated", pair)];
  if (pair.new === undefined) return [change(place, "type-unstated", pair)];
  const [before, after] = [listOf(pair.old.value), listOf(pair.new.value)];
  // Every integer is a number, and both are `number` to TypeScript: only the values differ.
  const isIn = (type: Json, types: readonly Json[]) =>
    types.includes(type) || (type === "integer" && types.includes("number"));
  const allKept = before.every((type) => isIn(type, after));
  const allKnown = after.every((type) => isIn(type, before));
  if (allKept && allKnown) return [];
  if (allKept) return [change(place, "type-widened", pair)];
  if (!allKnown) return [change(place, "type-changed", pair)];
  const onlyWhole = isDeepStrictEqual(
    after,
    before.map((type) => (type === "number" ? "integer" : type)),
  );
  return [change(place, onlyWhole ? "restriction-added" : "type-narrowed", pair, "whole numbers")];
}

/** Bytes are `Blob | Uint8Array` to callers and every other text is a `string`: to them it is another type. */
function compareFormats(pair: Pair, place: Place, name: string): Change[] {
  const isBytes = (found: Pair["new"]) => found?.value === "binary";
  if (isBytes(pair.old) !== isBytes(pair.new)) {
    const named = (found: Found | undefined, other: Found | undefined): Found => ({
      value: isBytes(found) ? "bytes" : String(found?.value ?? "text"),
      path: (found ?? other)?.path ?? [],
    });
    return [
      change(place, "type-changed", { old: named(pair.old, pair.new), new: named(pair.new, pair.old) }),
    ];
  }
  const width = (found: Pair["new"]) => wideningFormats.find((chain) => chain.includes(String(found?.value)));
  const chain = width(pair.old);
  if (chain !== undefined && chain === width(pair.new)) {
    const isWider = chain.indexOf(String(pair.new?.value)) > chain.indexOf(String(pair.old?.value));
    return [change(place, isWider ? "format-widened" : "format-narrowed", pair, name)];
  }
  return addedRemovedChanged("format-added", "format-removed", "format-changed")(pair, place, name);
}

/** Formats of which each has all values of those before it. */
const wideningFormats = [
  ["int8", "int16", "int32", "int64"],
  ["uint8", "uint16", "uint32", "uint64"],
  ["float", "double"],
];

/** A value that may be several, as a list. */
function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

/** Closed lists (`enum`) and open ones (`knownValues`) together, because a list can become the other kind. */
export function compareLists(closed: Pair, known: Pair, named: Pair, place: Place): Change[] {
  // Beside a closed list an open one says nothing.
  const open = {
    old: closed.old === undefined ? known.old : undefined,
    new: closed.new === undefined ? known.new : undefined,
  };
  return [...compareKinds(closed, open, place), ...compareNamed(closed, open, named, place)];
}

/**
 * `x-ms-enum`: its modelAsString decides whether the list is open in the types, its other members decide nothing. Where
 * the list itself shows that it was opened or closed, that is said already.
 */
function compareNamed(closed: Pair, open: Pair, named: Pair, place: Place): Change[] {
  if (!differs(named)) return [];
  const isOpen = (found: Found | undefined) =>
    isObject(found?.value) && found.value["modelAsString"] === true;
  const [before, after] = [isOpen(named.old), isOpen(named.new)];
  if (before === after) {
    // The values that the extension describes change with the list.
    const [old, next] = [closed, open].some(differs)
      ? [named.old, named.new].map(withoutValues)
      : [named.old, named.new];
    return differs({ old, new: next }) ? [change(place, "extension-changed", named, "x-ms-enum")] : [];
  }
  const shown = (closed.old && open.new) || (open.old && closed.new);
  return shown ? [] : [change(place, after ? "enum-opened" : "enum-closed", named)];
}

function withoutValues(found: Found | undefined): Found | undefined {
  if (found === undefined || !isObject(found.value)) return found;
  const { values: _, ...rest } = found.value;
  return { ...found, value: rest };
}

function compareKinds(closed: Pair, open: Pair, place: Place): Change[] {
  if (closed.old !== undefined && open.new !== undefined) {
    const opened = { old: closed.old, new: open.new };
    return [change(place, "enum-opened", opened), ...compareValues(opened, place, "known-value")];
  }
  if (open.old !== undefined && closed.new !== undefined) {
    const narrowed = { old: open.old, new: closed.new };
    return [change(place, "enum-closed", narrowed), ...compareValues(narrowed, place, "known-value")];
  }
  return [...compareList(closed, place, "enum-value"), ...compareList(open, place, "known-value")];
}

function compareList(pair: Pair, place: Place, kind: "enum-value" | "known-value"): Change[] {
  if (pair.old === undefined && pair.new === undefined) return [];
  if (pair.old !== undefined && pair.new !== undefined) return compareValues(pair, place, kind);
  if (kind === "known-value") {
    // Any text was and is allowed; only what an editor offers differs.
    return compareValues(pair, place, kind);
  }
  return [change(place, pair.old === undefined ? "enum-added" : "enum-removed", pair)];
}

function compareValues(pair: Pair, place: Place, kind: "enum-value" | "known-value"): Change[] {
  const [before, after] = [listOf(pair.old?.value ?? []), listOf(pair.new?.value ?? [])];
  const path = (pair.new ?? pair.old)?.path ?? [];
  const removed = before.filter((value) => !has(after, value));
  const added = after.filter((value) => !has(before, value));
  return [
    ...removed.map((value) =>
      change(place, `${kind}-removed`, { old: { value, path: pair.old?.path ?? path } }),
    ),
    ...added.map((value) =>
      change(place, `${kind}-added`, { new: { value, path: [...path, after.indexOf(value)] } }),
    ),
  ];
}

function has(values: readonly Json[], value: Json): boolean {
  return values.some((each) => isDeepStrictEqual(each, value));
}
