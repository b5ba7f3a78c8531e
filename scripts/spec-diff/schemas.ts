import { isObject, pointer } from "../spec/index.js";
import { type Change, change, differs, type Found, namesOf, type Pair, type Place } from "./change.js";
import { valueKeywords } from "./keywords.js";
import { compareLists } from "./lists.js";
import { compareMember, elsewhere, type MemberComparison } from "./members.js";
import { compareOpenness } from "./openness.js";
import { compareDiscriminators, type Inner, unionComparison } from "./unions.js";
import { type Located, referencesOf, type View, viewOf } from "./view.js";

/**
 * Compares two schemas. What both refer to by the same name is left to the comparison of that model; a reference that
 * only one has is opened. `seen` ends the cycles that opened references can make.
 */
export function compareSchemas(
  old: Located,
  next: Located,
  place: Place,
  seen = new Set<string>(),
): Change[] {
  const visit = `${pointer(old.path)} ${pointer(next.path)}`;
  if (seen.has(visit)) return [];
  seen.add(visit);
  const [oldReferences, newReferences] = [referencesOf(old), referencesOf(next)];
  const kept = new Set([...oldReferences].filter((reference) => newReferences.has(reference)));
  const [before, after] = [viewOf(old, kept), viewOf(next, kept)];
  const inner: Inner = (a, b, what) =>
    compareSchemas(
      { document: old.document, schema: a.value, path: a.path },
      { document: next.document, schema: b.value, path: b.path },
      { ...place, what },
      seen,
    );
  const changes = [
    ...compareKeywords(before, after, place, inner),
    ...compareProperties(before, after, place, inner),
  ];
  const direct = { old: directReference(old), new: directReference(next) };
  if (changes.length > 0 || !differs(direct)) return changes;
  return [change(place, "reference-changed", direct)];
}

function directReference({ schema, path }: Located): Found | undefined {
  const reference = isObject(schema) ? schema["$ref"] : undefined;
  return reference === undefined ? undefined : { value: reference, path: [...path, "$ref"] };
}

function compareKeywords(before: View, after: View, place: Place, inner: Inner): Change[] {
  const known: Readonly<Record<string, MemberComparison>> = {
    ...valueKeywords,
    enum: elsewhere,
    knownValues: elsewhere,
    "x-ms-enum": elsewhere,
    items: compareItems(inner),
    additionalProperties: elsewhere,
    oneOf: unionComparison(inner),
    anyOf: unionComparison(inner),
    discriminator: compareDiscriminators,
  };
  const pair = (id: string): Pair => ({ old: before.keywords.get(id), new: after.keywords.get(id) });
  const single = namesOf(before.keywords.keys(), after.keywords.keys()).flatMap((id) => {
    const name = (after.keywords.get(id) ?? before.keywords.get(id))?.name ?? id;
    return compareMember(pair(id), place, name, known);
  });
  return [
    ...single,
    ...compareOpenness(before, after, place, inner),
    ...compareLists(pair("enum"), pair("knownValues"), pair("x-ms-enum"), place),
  ];
}

function compareItems(inner: Inner): MemberComparison {
  return (pair, place) => {
    if (pair.old === undefined) return [change(place, "items-restricted", pair)];
    if (pair.new === undefined) return [change(place, "items-freed", pair)];
    return inner(pair.old, pair.new, `${place.what}[]`);
  };
}

function compareProperties(before: View, after: View, place: Place, inner: Inner): Change[] {
  const names = namesOf(
    [...before.properties.keys(), ...before.required.keys()],
    [...after.properties.keys(), ...after.required.keys()],
  );
  return names.flatMap((name) => compareProperty(name, before, after, place, inner));
}

function compareProperty(name: string, before: View, after: View, outer: Place, inner: Inner): Change[] {
  const place = { ...outer, what: outer.what === itself ? name : `${outer.what}.${name}` };
  const pair = { old: foundOf(before.properties.get(name)), new: foundOf(after.properties.get(name)) };
  if (pair.old === undefined && pair.new !== undefined) {
    const required = after.required.has(name);
    return [change(place, required ? "property-added-required" : "property-added-optional", pair)];
  }
  if (pair.old !== undefined && pair.new === undefined) return [change(place, "property-removed", pair)];
  const [was, is] = [before.required.get(name), after.required.get(name)];
  const toggled =
    (was === undefined) === (is === undefined)
      ? []
      : [
          change(place, is === undefined ? "property-became-optional" : "property-became-required", {
            old: { value: was !== undefined, path: was ?? pair.old?.path ?? before.path },
            new: { value: is !== undefined, path: is ?? pair.new?.path ?? after.path },
          }),
        ];
  const changes = pair.old && pair.new ? inner(pair.old, pair.new, place.what) : [];
  return [...toggled, ...changes];
}

/** What a place is called that is the model itself, so that its properties need no prefix. */
export const itself = "it";

function foundOf(located: Located | undefined): Found | undefined {
  return located === undefined ? undefined : { value: located.schema, path: located.path };
}
