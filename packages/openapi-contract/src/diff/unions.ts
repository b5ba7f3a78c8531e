import { isDeepStrictEqual } from "node:util";
import { isObject, type Json } from "../document/json.js";
import { type Change, change, type Found, namesOf, objectOf, type Pair, type Place } from "./change.js";
import type { Inner } from "./keywords.js";
import type { MemberComparison } from "./members.js";
import type { Located } from "./view.js";

/**
 * Whether one of two schemas is a union that has the other as a member. Then that is the change, not the type.
 * Undefined: compare them as usual.
 */
export function compareWrapping(old: Located, next: Located, place: Place): Change[] | undefined {
  const [before, after] = [unionOf(old), unionOf(next)];
  if ((before === undefined) === (after === undefined)) return undefined;
  const [union, single] = before === undefined ? [after, old] : [before, next];
  const isMember = union?.some((member) =>
    isDeepStrictEqual(withoutWords(member), withoutWords(single.schema)),
  );
  if (!isMember) return undefined;
  const pair = { old: { value: old.schema, path: old.path }, new: { value: next.schema, path: next.path } };
  return [change(place, before === undefined ? "union-added" : "union-removed", pair)];
}

/** The members of a schema that is a union of several and nothing else. */
function unionOf({ schema }: Located): Json[] | undefined {
  if (!isObject(schema)) return undefined;
  const { description: _, title: __, discriminator: ___, ...rest } = schema;
  const [entry, ...others] = Object.entries(rest);
  if (entry === undefined || others.length > 0) return undefined;
  const [name, members] = entry;
  const isUnion = (name === "oneOf" || name === "anyOf") && Array.isArray(members) && members.length > 1;
  const isNull = (member: Json) => isObject(member) && member["type"] === "null";
  // A value or null is no union to anyone.
  return isUnion && members.filter((member) => !isNull(member)).length > 1 ? members : undefined;
}

/** A schema without what only people read. */
export function withoutWords(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const { description: _, title: __, ...rest } = schema;
  return rest;
}

/** Compares oneOf or anyOf: references by name, with what stands beside them; other members by what they are. */
export function unionComparison(inner: Inner): MemberComparison {
  return (pair, place) => {
    const { old, new: next } = pair;
    // A union where there was none, or the other way, and neither holds the other.
    if (old === undefined || next === undefined) {
      const named = (found: Found | undefined) => found && { ...found, value: alternativesIn(found) };
      return [change(place, "type-changed", { old: named(old), new: named(next) })];
    }
    const pairs: [Found, Found][] = [];
    const [removed, added] = [membersOf(old), membersOf(next)];
    // What is the same first, so that of two references to one model only the one that differs is compared. Unnamed
    // members that differ are taken to be the same ones, in their order.
    const isPair = [isSame, isSameReference, (a: Found, b: Found) => isUnnamed(a) && isUnnamed(b)];
    for (const matches of isPair) pairs.push(...takePairs(removed, added, matches));
    return [
      ...pairs.flatMap(([a, b]) => (isSame(a, b) ? [] : inner(a, b, `${place.what} (${nameOf(b)})`))),
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

function alternativesIn(union: Found): string {
  const names = membersOf(union).map(({ value }) => {
    const reference = referenceOf(value);
    if (typeof reference === "string") return reference.split("/").at(-1) ?? reference;
    return isObject(value) ? [value["type"] ?? "anything"].flat().join(" or ") : String(value);
  });
  return `one of ${names.join(", ")}`;
}

function nameOf({ value, path }: Found): string {
  const reference = referenceOf(value);
  return typeof reference === "string"
    ? `as ${reference.split("/").at(-1)}`
    : `alternative ${Number(path.at(-1)) + 1}`;
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
  if (before === undefined) return [change(place, "discriminator-added", pair)];
  if (after === undefined) return [change(place, "discriminator-removed", pair)];
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
