import {
  type Change,
  change,
  type Found,
  memberPair,
  namesOf,
  objectOf,
  type Pair,
  type Place,
} from "./change.js";
import { addedRemovedChanged, type MemberComparison } from "./members.js";
import type { RuleName } from "./rules.js";

/** Compares what stands at the same place of two schemas. */
export type Inner = (old: Found, next: Found, what: string) => Change[];

/** Comparisons of keywords that hold schemas beside those that every dialect has. */
export function schemaKeywords(inner: Inner): Readonly<Record<string, MemberComparison>> {
  const schema = (added: RuleName, removed: RuleName): MemberComparison => {
    return (pair, place, name) => {
      if (pair.old === undefined) return [change(place, added, pair, name)];
      if (pair.new === undefined) return [change(place, removed, pair, name)];
      return inner(pair.old, pair.new, `${place.what} (${name})`);
    };
  };
  const restricting = schema("restriction-added", "restriction-removed");
  const byName = (added: RuleName, removed: RuleName): MemberComparison => {
    return (pair, place, keyword) =>
      eachMember(pair, (name, both) => {
        if (both.old === undefined) return [change(place, added, both, name)];
        if (both.new === undefined) return [change(place, removed, both, name)];
        const what =
          keyword === "patternProperties" ? `${place.what}[${name}]` : `${place.what} (with ${name})`;
        return inner(both.old, both.new, what);
      });
  };
  // Which values a condition concerns changes with it in either direction.
  const condition = addedRemovedChanged("restriction-added", "restriction-removed", "restriction-changed");
  return {
    items: (pair, place) => {
      if (pair.old === undefined) return [change(place, "items-restricted", pair)];
      if (pair.new === undefined) return [change(place, "items-freed", pair)];
      return inner(pair.old, pair.new, `${place.what}[]`);
    },
    prefixItems: compareTuples(inner),
    contains: restricting,
    contentSchema: restricting,
    propertyNames: restricting,
    unevaluatedItems: restricting,
    unevaluatedProperties: restricting,
    if: condition,
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: restricting,
    else: restricting,
    patternProperties: byName("pattern-property-added", "pattern-property-removed"),
    dependentSchemas: byName("property-dependency-added", "property-dependency-removed"),
    dependentRequired: compareDependencies,
  };
}

function eachMember(pair: Pair, compare: (name: string, both: Pair) => Change[]): Change[] {
  const [old, next] = [pair.old, pair.new].map((found) => ({
    value: objectOf(found) ?? {},
    path: found?.path ?? [],
  }));
  if (old === undefined || next === undefined) return [];
  return namesOf(Object.keys(old.value), Object.keys(next.value)).flatMap((name) =>
    compare(name, memberPair(old, next, name)),
  );
}

function compareTuples(inner: Inner): MemberComparison {
  return (pair, place) => {
    const [before, after] = [entriesOf(pair.old), entriesOf(pair.new)];
    const indexes = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index);
    return indexes.flatMap((index) => {
      const both = { old: before[index], new: after[index] };
      if (both.old === undefined) return [change(place, "tuple-entry-added", both, String(index))];
      if (both.new === undefined) return [change(place, "tuple-entry-removed", both, String(index))];
      return inner(both.old, both.new, `${place.what}[${index}]`);
    });
  };
}

function entriesOf(found: Found | undefined): Found[] {
  const value = found?.value;
  return Array.isArray(value)
    ? value.map((each, index) => ({ value: each, path: [...(found?.path ?? []), index] }))
    : [];
}

function compareDependencies(pair: Pair, place: Place): Change[] {
  return eachMember(pair, (name, both) => {
    const [before, after] = [listOf(both.old), listOf(both.new)];
    const added = after.filter((each) => !before.includes(each));
    const removed = before.filter((each) => !after.includes(each));
    const told = (list: typeof added, found: Found | undefined) =>
      found === undefined || list.length === 0 ? undefined : { ...found, value: list };
    const [more, less] = [told(added, both.new), told(removed, both.old)];
    return [
      ...(more === undefined ? [] : [change(place, "property-dependency-added", { new: more }, name)]),
      ...(less === undefined ? [] : [change(place, "property-dependency-removed", { old: less }, name)]),
    ];
  });
}

function listOf(found: Found | undefined) {
  return Array.isArray(found?.value) ? found.value : [];
}
