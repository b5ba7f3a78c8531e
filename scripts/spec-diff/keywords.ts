import { isDeepStrictEqual } from "node:util";
import type { Json } from "../spec/index.js";
import { type Change, change, type Pair, type Place } from "./change.js";
import type { MemberComparison } from "./members.js";
import type { RuleName } from "./rules.js";

/** Comparisons of the keywords that restrict a single value. Each is called only when there is a difference. */
export const valueKeywords: Readonly<Record<string, MemberComparison>> = {
  type: compareTypes,
  nullable: (pair, place) => [change(place, pair.new === undefined ? "null-refused" : "null-allowed", pair)],
  format: compareFormats,
  minimum: bound("lower"),
  exclusiveMinimum: bound("lower"),
  minLength: bound("lower"),
  minItems: bound("lower"),
  minProperties: bound("lower"),
  maximum: bound("upper"),
  exclusiveMaximum: bound("upper"),
  maxLength: bound("upper"),
  maxItems: bound("upper"),
  maxProperties: bound("upper"),
  pattern: addedRemovedChanged("restriction-added", "restriction-removed", "restriction-changed"),
  multipleOf: addedRemovedChanged("restriction-added", "restriction-removed", "restriction-changed"),
  uniqueItems: (pair, place, name) => [
    change(place, pair.new?.value === true ? "restriction-added" : "restriction-removed", pair, name),
  ],
  default: addedRemovedChanged("default-added", "default-removed", "default-changed"),
  // The generated types make a property readonly by it.
  readOnly: access,
  writeOnly: access,
};

function addedRemovedChanged(added: RuleName, removed: RuleName, changed: RuleName): MemberComparison {
  return (pair, place, name) => {
    if (pair.old === undefined) return [change(place, added, pair, name)];
    return [change(place, pair.new === undefined ? removed : changed, pair, name)];
  };
}

/** A limit that is not there is as wide as can be. */
function bound(side: "lower" | "upper"): MemberComparison {
  return (pair, place, name) => {
    const none = side === "lower" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const [before, after] = [numberOf(pair.old?.value, none), numberOf(pair.new?.value, none)];
    const narrowed = side === "lower" ? after > before : after < before;
    return [change(place, narrowed ? "bound-narrowed" : "bound-widened", pair, name)];
  };
}

function numberOf(value: Json | undefined, absent: number): number {
  return typeof value === "number" ? value : absent;
}

function access(pair: Pair, place: Place, name: string): Change[] {
  const [before, after] = [pair.old?.value === true, pair.new?.value === true];
  return before === after ? [] : [change(place, after ? "access-restricted" : "access-freed", pair, name)];
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
  if (isBytes(pair.old) !== isBytes(pair.new)) return [change(place, "type-changed", pair)];
  return addedRemovedChanged("format-added", "format-removed", "format-changed")(pair, place, name);
}

/** A value that may be several, as a list. */
export function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}
