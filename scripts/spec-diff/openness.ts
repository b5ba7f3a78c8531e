import { isObject, type Json } from "../spec/index.js";
import { type Change, change, differs, type Found, type Pair, type Place } from "./change.js";
import type { RuleName } from "./rules.js";
import type { Inner } from "./unions.js";
import type { View } from "./view.js";

/** How much an object allows beside its named properties, from least to most. Only the last two are read by any name. */
const openness = ["closed", "unstated", "schema", "open"] as const;

/** Compares what two objects allow beside their named properties. */
export function compareOpenness(before: View, after: View, place: Place, inner: Inner): Change[] {
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
