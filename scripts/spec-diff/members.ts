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
