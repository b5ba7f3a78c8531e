import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, type Path, pointer } from "../spec/index.js";
import { type Rule, type RuleName, rules, verdictOf } from "./rules.js";
import type { Direction, Verdict } from "./verdict.js";

/** What a change belongs to in the report. */
export interface Subject {
  readonly kind: "operation" | "model" | "contract";
  readonly name: string;
}

/** Where a comparison stands: what it is about, in words, and which way values of it travel. */
export interface Place {
  readonly subject: Subject;
  readonly what: string;
  readonly directions: readonly Direction[];
}

export interface Change extends Subject {
  readonly verdict: Verdict;
  readonly rule: RuleName;
  /** JSON pointer into the contract that `in` names: the new one wherever the thing is still there. */
  readonly pointer: string;
  readonly in: "base" | "new";
  readonly message: string;
  readonly old?: Json;
  readonly new?: Json;
}

/** A value with its place in its document. */
export interface Found {
  readonly value: Json;
  readonly path: Path;
}

/** The same thing in both documents; one side is missing when it was added or removed. */
export interface Pair {
  readonly old?: Found | undefined;
  readonly new?: Found | undefined;
}

/** One change, judged by its rule. `keyword` is the name of the member that differs, for rules that serve several. */
export function change(place: Place, rule: RuleName, pair: Pair, keyword = ""): Change {
  const { says }: Rule = rules[rule];
  return {
    ...place.subject,
    verdict: verdictOf(rule, place.directions),
    rule,
    pointer: pointer((pair.new ?? pair.old)?.path ?? []),
    in: pair.new === undefined ? "base" : "new",
    message: says.replace("{what}", place.what).replace("{keyword}", keyword),
    ...(pair.old === undefined ? {} : { old: pair.old.value }),
    ...(pair.new === undefined ? {} : { new: pair.new.value }),
  };
}

/** The member `name` of both objects, as far as it is there. */
export function memberPair(oldOwner: Owner, newOwner: Owner, name: string): Pair {
  return { old: memberOf(oldOwner, name), new: memberOf(newOwner, name) };
}

export interface Owner {
  readonly value: JsonObject;
  readonly path: Path;
}

function memberOf({ value, path }: Owner, name: string): Found | undefined {
  const member = Object.hasOwn(value, name) ? value[name] : undefined;
  return member === undefined ? undefined : { value: member, path: [...path, name] };
}

export function differs(pair: Pair): boolean {
  return !isDeepStrictEqual(pair.old?.value, pair.new?.value);
}

/** The names of both, those of the first in its order, then what only the second has. */
export function namesOf(a: Iterable<string>, b: Iterable<string>): string[] {
  return [...new Set([...a, ...b])];
}
