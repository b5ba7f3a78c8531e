import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject } from "../spec/index.js";
import { type Change, change, type Found, namesOf, type Pair, type Place } from "./change.js";
import type { MemberComparison } from "./members.js";

/** Compares what stands at the same place of two schemas. */
export type Inner = (old: Found, next: Found, what: string) => Change[];

/** Compares oneOf or anyOf: references by name, other members by what they are. */
export function unionComparison(inner: Inner): MemberComparison {
  return (pair, place) => {
    const { old, new: next } = pair;
    if (old === undefined || next === undefined) return [change(place, "type-changed", pair)];
    const [before, after] = [membersOf(old), membersOf(next)];
    const removed = before.filter((member) => !after.some((other) => same(member, other)));
    const added = after.filter((member) => !before.some((other) => same(member, other)));
    // Unnamed members that differ are taken to be the same ones, in their order.
    const [unnamedRemoved, unnamedAdded] = [removed.filter(isUnnamed), added.filter(isUnnamed)];
    const changed = unnamedRemoved.slice(0, unnamedAdded.length);
    const became = unnamedAdded.slice(0, changed.length);
    return [
      ...changed.flatMap((member, index) => {
        const other = became[index];
        return other === undefined ? [] : inner(member, other, place.what);
      }),
      ...removed.filter((member) => !changed.includes(member)).map((member) => removal(place, member)),
      ...added.filter((member) => !became.includes(member)).map((member) => addition(place, member)),
    ];
  };
}

function membersOf({ value, path }: Found): Found[] {
  return Array.isArray(value)
    ? value.map((member, index) => ({ value: member, path: [...path, index] }))
    : [];
}

function isUnnamed({ value }: Found): boolean {
  return !isObject(value) || value["$ref"] === undefined;
}

function same(a: Found, b: Found): boolean {
  return isUnnamed(a) || isUnnamed(b)
    ? isDeepStrictEqual(a.value, b.value)
    : referenceOf(a.value) === referenceOf(b.value);
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
