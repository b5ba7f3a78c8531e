import type { Json } from "../document/json.js";
import {
  type Change,
  change,
  differs,
  memberPair,
  namesOf,
  type Owner,
  type Pair,
  type Place,
} from "./change.js";
import type { RuleName } from "./rules.js";

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
  const comparison = memberOf(known, name) ?? memberOf(lifecycle, name);
  if (comparison !== undefined) return comparison(pair, place, name);
  if (words.includes(name)) return [change(place, "words-changed", pair, name)];
  if (examples.includes(name)) return [change(place, "example-changed", pair, name)];
  if (!name.startsWith("x-")) return [change(place, "unknown", pair, name)];
  const effect = extensionsWithEffect.includes(name);
  return [change(place, effect ? "extension-with-effect-changed" : "extension-changed", pair, name)];
}

function memberOf(known: Readonly<Record<string, MemberComparison>>, name: string) {
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

/** A comparison that says the same whatever the difference is. */
export function sayAs(rule: RuleName): MemberComparison {
  return (pair, place, name) => [change(place, rule, pair, name)];
}

/** Whether a member such as `required` is set, on both sides; absent counts as false. */
export function toggle(whenSet: RuleName, whenUnset: RuleName): MemberComparison {
  return (pair, place, name) => {
    const [before, after] = [pair.old?.value === true, pair.new?.value === true];
    return before === after ? [] : [change(place, after ? whenSet : whenUnset, pair, name)];
  };
}

export function addedRemovedChanged(added: RuleName, removed: RuleName, changed: RuleName): MemberComparison {
  return (pair, place, name) => {
    if (pair.old === undefined) return [change(place, added, pair, name)];
    return [change(place, pair.new === undefined ? removed : changed, pair, name)];
  };
}

/** What operations, parameters, headers and schemas can say about their own end. */
const lifecycle: Readonly<Record<string, MemberComparison>> = {
  deprecated: toggle("deprecated", "deprecation-withdrawn"),
  "x-sunset": compareSunsets,
  "x-stability-level": compareStability,
};

/** The day of `x-sunset`, in milliseconds; NaN for what is no date. */
export function sunsetOf(value: Json | undefined): number {
  const text = typeof value === "string" ? value : "";
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}

function compareSunsets(pair: Pair, place: Place, name: string): Change[] {
  const [before, after] = [sunsetOf(pair.old?.value), sunsetOf(pair.new?.value)];
  const isUnreadable = (pair.old && Number.isNaN(before)) || (pair.new && Number.isNaN(after));
  if (isUnreadable) return [change(place, "sunset-changed", pair, name)];
  if (pair.new === undefined) return [change(place, "sunset-withdrawn", pair, name)];
  if (pair.old === undefined) return [change(place, "sunset-announced", pair, name)];
  if (before === after) return [];
  return [change(place, after < before ? "sunset-earlier" : "sunset-later", pair, name)];
}

const stabilityLevels: readonly Json[] = ["draft", "alpha", "beta", "stable"];

/** What states no level is stable. */
function compareStability(pair: Pair, place: Place, name: string): Change[] {
  const [before, after] = [pair.old, pair.new].map((found) =>
    stabilityLevels.indexOf(found?.value ?? "stable"),
  );
  if (before === undefined || after === undefined || before < 0 || after < 0)
    return [change(place, "stability-changed", pair, name)];
  if (before === after) return [];
  return [change(place, after < before ? "stability-decreased" : "stability-increased", pair, name)];
}
