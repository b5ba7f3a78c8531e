import { isObject, type Json, pointer } from "../document/json.js";
import { isAboutText } from "./causes.js";
import {
  type Change,
  change,
  type Direction,
  differs,
  type Found,
  namesOf,
  objectOf,
  type Pair,
  type Place,
} from "./change.js";
import { type Inner, schemaKeywords } from "./keywords.js";
import { compareMember, elsewhere, type MemberComparison } from "./members.js";
import type { RuleName } from "./rules.js";
import { compareDiscriminators, compareWrapping, unionComparison } from "./unions.js";
import { compareLists, valueKeywords } from "./values.js";
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
  const wrapped = compareWrapping(old, next, place);
  if (wrapped !== undefined) return wrapped;
  const [oldReferences, newReferences] = [referencesOf(old), referencesOf(next)];
  const kept = new Set([...oldReferences].filter((reference) => newReferences.has(reference)));
  const [before, after] = [viewOf(old, kept), viewOf(next, kept)];
  const inner = (a: Found, b: Found, what: string | Place) =>
    compareSchemas(
      { document: old.document, schema: a.value, path: a.path },
      { document: next.document, schema: b.value, path: b.path },
      typeof what === "string" ? { ...place, what } : what,
      seen,
    );
  const keywords = compareKeywords(before, after, place, inner);
  const isOther = keywords.some(
    (each) => each.rule === "type-changed" && each.message === typeMessage(place),
  );
  if (isOther) return keywords;
  const changes = [...keywords, ...compareProperties(before, after, place, inner)];
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
    ...schemaKeywords(inner),
    enum: elsewhere,
    knownValues: elsewhere,
    "x-ms-enum": elsewhere,
    additionalProperties: elsewhere,
    oneOf: unionComparison(inner),
    anyOf: unionComparison(inner),
    discriminator: compareDiscriminators,
  };
  const pair = (id: string): Pair => ({ old: before.keywords.get(id), new: after.keywords.get(id) });
  const ids = namesOf(before.keywords.keys(), after.keywords.keys());
  const single = ids.map((id): { name: string; changes: Change[] } => {
    const name = (after.keywords.get(id) ?? before.keywords.get(id))?.name ?? id;
    // A list of values says what type they have.
    const isSaid = name === "type" && pair("enum").old && pair("enum").new && isOneSided(pair(id));
    return { name, changes: isSaid ? [] : compareMember(pair(id), place, name, known) };
  });
  const changes = [
    ...single.flatMap((each) => each.changes),
    ...compareOpenness(before, after, place, inner),
    ...compareLists(pair("enum"), pair("knownValues"), pair("x-ms-enum"), place),
  ];
  return onlyOtherType(single, place, changes) ?? changes;
}

function typeMessage(place: Place): string {
  return change(place, "type-changed", {}).message;
}

/**
 * Where it is another kind of value altogether, that, and what does not follow from it. Which keyword shows it must not
 * depend on which document is the old one.
 */
function onlyOtherType(
  single: readonly { readonly name: string; readonly changes: readonly Change[] }[],
  place: Place,
  changes: readonly Change[],
): Change[] | undefined {
  const message = typeMessage(place);
  const order = ["type", "format", "oneOf", "anyOf"];
  const [shown] = order.flatMap((name) =>
    single
      .filter((each) => each.name === name)
      .flatMap((each) =>
        each.changes.filter(({ rule, message: told }) => rule === "type-changed" && told === message),
      ),
  );
  if (shown === undefined) return undefined;
  return changes.filter((each) => each === shown || isAboutText(each.rule));
}

function isOneSided({ old, new: next }: Pair): boolean {
  return (old === undefined) !== (next === undefined);
}

type PropertyInner = (old: Found, next: Found, place: Place) => Change[];

function compareProperties(before: View, after: View, place: Place, inner: PropertyInner): Change[] {
  const names = namesOf(
    [...before.properties.keys(), ...before.required.keys()],
    [...after.properties.keys(), ...after.required.keys()],
  );
  return names.flatMap((name) => compareProperty(name, before, after, place, inner));
}

function compareProperty(
  name: string,
  before: View,
  after: View,
  outer: Place,
  inner: PropertyInner,
): Change[] {
  const pair = { old: foundOf(before.properties.get(name)), new: foundOf(after.properties.get(name)) };
  const place = {
    ...outer,
    what: outer.what === itself ? name : `${outer.what}.${name}`,
    directions: outer.directions.filter((direction) => travels(pair, direction)),
  };
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
  const changes = pair.old && pair.new ? inner(pair.old, pair.new, place) : [];
  return [...toggled, ...changes];
}

/** A property that is read-only before and after is in no request, and a write-only one in no response. */
function travels({ old, new: next }: Pair, direction: Direction): boolean {
  const flag = direction === "request" ? "readOnly" : "writeOnly";
  const sides = [old, next].filter((found) => found !== undefined);
  return sides.length === 0 || !sides.every((found) => objectOf(found)?.[flag] === true);
}

/** What a place is called that is the model itself, so that its properties need no prefix. */
export const itself = "the model";

function foundOf(located: Located | undefined): Found | undefined {
  return located === undefined ? undefined : { value: located.schema, path: located.path };
}

/** How much an object allows beside its named properties, from least to most. Only the last two are read by any name. */
const openness = ["closed", "unstated", "schema", "open"] as const;

/** Compares what two objects allow beside their named properties. */
function compareOpenness(before: View, after: View, place: Place, inner: Inner): Change[] {
  const stated: Pair = {
    old: before.keywords.get("additionalProperties"),
    new: after.keywords.get("additionalProperties"),
  };
  const [was, is] = [opennessOf(before), opennessOf(after)];
  if (was === "schema" && is === "schema" && stated.old && stated.new) {
    return differs(stated) ? inner(stated.old, stated.new, `${place.what}[*]`) : [];
  }
  const isStated = stated.old !== undefined || stated.new !== undefined;
  // Without a word about it on either side, only an object that was or becomes free of named properties differs.
  if (was === is || !(isStated || (isObjectView(before) && isObjectView(after)))) return [];
  const pair = isStated ? stated : { old: namesIn(before), new: namesIn(after) };
  const rules: RuleName[] = [];
  // What is unstated is as open as can be; it only cannot be read by any name.
  const width = { closed: 0, schema: 1, unstated: 2, open: 2 };
  if (width[is] < width[was]) rules.push("additional-properties-narrowed");
  if (width[is] > width[was]) rules.push("additional-properties-widened");
  const [hadIndex, hasIndex] = [openness.indexOf(was) >= 2, openness.indexOf(is) >= 2];
  if (hadIndex !== hasIndex) rules.push(hasIndex ? "index-signature-added" : "index-signature-removed");
  return rules.map((rule) => change(place, rule, pair));
}

function opennessOf(view: View): (typeof openness)[number] {
  const stated = view.keywords.get("additionalProperties")?.value;
  if (stated === undefined) return isFree(view) ? "open" : "unstated";
  if (stated === false) return "closed";
  return isObject(stated) && Object.keys(stated).length > 0 ? "schema" : "open";
}

/** An object of which nothing is known is `Record<string, unknown>` in the types, so it is read and written by any name. */
function isFree({ keywords, properties, isReference }: View): boolean {
  const described = ["oneOf", "anyOf", "enum", "knownValues"].some((name) => keywords.has(name));
  return isTypedObject(keywords.get("type")?.value) && properties.size === 0 && !described && !isReference;
}

function isObjectView({ keywords, properties }: View): boolean {
  return isTypedObject(keywords.get("type")?.value) || properties.size > 0;
}

function isTypedObject(type: Json | undefined): boolean {
  return Array.isArray(type) && type.includes("object");
}

function namesIn({ properties, path }: View): Found {
  return { value: properties.size === 0 ? "any name" : [...properties.keys()].join(", "), path };
}
