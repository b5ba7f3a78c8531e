import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject } from "../spec/index.js";
import { type Change, change, type Found, namesOf, type Pair, type Place } from "./change.js";
import type { MemberComparison } from "./members.js";

/** Compares what stands at the same place of two schemas. */
export type Inner = (old: Found, next: Found, what: string) => Change[];

/** Compares oneOf or anyOf: references by name, with what stands beside them; other members by what they are. */
export function unionComparison(inner: Inner): MemberComparison {
  return (pair, place) => {
    const { old, new: next } = pair;
    if (old === undefined || next === undefined) return [change(place, "type-changed", pair)];
    const pairs: [Found, Found][] = [];
    const [removed, added] = [membersOf(old), membersOf(next)];
    // What is the same first, so that of two references to one model only the one that differs is compared. Unnamed
    // members that differ are taken to be the same ones, in their order.
    const isPair = [isSame, isSameReference, (a: Found, b: Found) => isUnnamed(a) && isUnnamed(b)];
    for (const matches of isPair) pairs.push(...takePairs(removed, added, matches));
    return [
      ...pairs.flatMap(([a, b]) => (isSame(a, b) ? [] : inner(a, b, place.what))),
      ...removed.map((member) => removal(place, member)),
      ...added.map((member) => addition(place, member)),
    ];
  };
}

/** Takes out of both lists what `matches`, each member once. */
function takePairs(
  before: Found[],
  after: Found[],
  matches: (a: Found, b: Found) => boolean,
): [Found, Found][] {
  const pairs: [Found, Found][] = [];
  for (const member of [...before]) {
    const index = after.findIndex((other) => matches(member, other));
    const [other] = index < 0 ? [] : after.splice(index, 1);
    if (other === undefined) continue;
    before.splice(before.indexOf(member), 1);
    pairs.push([member, other]);
  }
  return pairs;
}

function membersOf({ value, path }: Found): Found[] {
  return Array.isArray(value)
    ? value.map((member, index) => ({ value: member, path: [...path, index] }))
    : [];
}

function isUnnamed({ value }: Found): boolean {
  return referenceOf(value) === undefined;
}

function isSame(a: Found, b: Found): boolean {
  return isDeepStrictEqual(a.value, b.value);
}

function isSameReference(a: Found, b: Found): boolean {
  return !isUnnamed(a) && referenceOf(a.value) === referenceOf(b.value);
}

function referenceOf(value: Json): Json | undefined {
  return isObject(value) ? value["$ref"] : undefined;
}

function removal(place: Place, member: Found): Change {
  return change(place, "union-member-removed", { old: member });
}

function addition(place: Place, member: Found): Change {
  return change(place, "union-member-added", { new: member });
}

/** Compares how the members of a union are told apart. */
export function compareDiscriminators(pair: Pair, place: Place): Change[] {
  const [before, after] = [objectOf(pair.old), objectOf(pair.new)];
  if (before === undefined || after === undefined) return [change(place, "discriminator-changed", pair)];
  const { mapping: oldMapping, ...oldRest } = before;
  const { mapping: newMapping, ...newRest } = after;
  const other = isDeepStrictEqual(oldRest, newRest) ? [] : [change(place, "discriminator-changed", pair)];
  const oldValues = isObject(oldMapping) ? oldMapping : {};
  const newValues = isObject(newMapping) ? newMapping : {};
  const values = namesOf(Object.keys(oldValues), Object.keys(newValues)).flatMap((kind): Change[] => {
    const entry = (found: Found | undefined, target: Json | undefined): Found | undefined =>
      found === undefined || target === undefined
        ? undefined
        : { value: `${kind}: ${String(target)}`, path: [...found.path, "mapping", kind] };
    const both = { old: entry(pair.old, oldValues[kind]), new: entry(pair.new, newValues[kind]) };
    if (both.old?.value === both.new?.value) return [];
    if (both.old === undefined) return [change(place, "discriminator-value-added", both)];
    const removed = both.new === undefined;
    return [change(place, removed ? "discriminator-value-removed" : "discriminator-changed", both)];
  });
  return [...other, ...values];
}

function objectOf(found: Found | undefined): JsonObject | undefined {
  return found !== undefined && isObject(found.value) ? found.value : undefined;
}
