import { isDeepStrictEqual } from "node:util";
import { isObject, type Json } from "../document/json.js";
import {
  type Change,
  change,
  differs,
  type Found,
  memberPair,
  namesOf,
  type Owner,
  type Pair,
  type Place,
  type RuleName,
} from "./rules.js";

/** Compares one member that both owners may have. Not called when there is no difference. */
export type MemberComparison = (pair: Pair, place: Place, name: string) => Change[];

const words = ["description", "summary", "title", "externalDocs", "$comment", "tags"];
const examples = ["example", "examples", "x-ms-examples"];
/** Extensions that the generated code is made from. */
const extensionsWithEffect = ["x-ms-discriminator-value"];

/** For members that are compared in another way, somewhere else. */
export const elsewhere: MemberComparison = () => [];

/**
 * Compares two objects member by member: by the comparison that knows the name, else as words, examples or extension.
 * A difference that nothing knows is a change too, of the worst kind.
 */
export function compareMembers(
  oldOwner: Owner,
  newOwner: Owner,
  place: Place,
  known: Readonly<Record<string, MemberComparison>>,
): Change[] {
  return namesOf(Object.keys(oldOwner.value), Object.keys(newOwner.value)).flatMap((name) =>
    compareMember(memberPair(oldOwner, newOwner, name), place, name, known),
  );
}

export function compareMember(
  pair: Pair,
  place: Place,
  name: string,
  known: Readonly<Record<string, MemberComparison>>,
): Change[] {
  if (!differs(pair)) return [];
  const comparison = Object.hasOwn(known, name) ? known[name] : undefined;
  if (comparison !== undefined) return comparison(pair, place, name);
  if (name === "deprecated") {
    return [change(place, pair.new?.value === true ? "deprecated" : "deprecation-withdrawn", pair)];
  }
  if (words.includes(name)) return [change(place, "words-changed", pair, name)];
  if (examples.includes(name)) return [change(place, "example-changed", pair, name)];
  if (!name.startsWith("x-")) return [change(place, "unknown", pair, name)];
  const effect = extensionsWithEffect.includes(name);
  return [change(place, effect ? "extension-with-effect-changed" : "extension-changed", pair, name)];
}

/** A comparison that says the same whatever the difference is. */
export function sayAs(rule: Parameters<typeof change>[1]): MemberComparison {
  return (pair, place, name) => [change(place, rule, pair, name)];
}

/** Whether a member such as `required` is set, on both sides; absent counts as false. */
export function toggle(whenSet: Parameters<typeof change>[1], whenUnset: typeof whenSet): MemberComparison {
  return (pair, place, name) => {
    const [before, after] = [pair.old?.value === true, pair.new?.value === true];
    return before === after ? [] : [change(place, after ? whenSet : whenUnset, pair, name)];
  };
}

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
function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

/** Closed lists (`enum`) and open ones (`knownValues`) together, because a list can become the other kind. */
export function compareLists(closed: Pair, open: Pair, named: Pair, place: Place): Change[] {
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
  if (before === after) return [change(place, "extension-changed", named, "x-ms-enum")];
  const shown = (closed.old && open.new) || (open.old && closed.new);
  return shown ? [] : [change(place, after ? "enum-opened" : "enum-closed", named)];
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
