import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, type Path, pointer } from "../document/json.js";
import { type Rule, type RuleName, rules, type Verdict } from "./rules.js";

export type Level = "none" | Verdict;

/** Which way values travel: a caller writes requests and reads responses, so the same change can hurt one and help the other. */
export type Direction = "request" | "response";

const order: readonly Level[] = ["none", "patch", "minor", "major"];

export function worst<Each extends Level>(levels: readonly Each[]): Each | "none" {
  return levels.reduce<Each | "none">((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), "none");
}

/** Whether a release of `level` may hold what needs `needed`. */
export function covers(level: Level, needed: Level): boolean {
  return order.indexOf(level) >= order.indexOf(needed);
}

/** The worse verdict of the directions that values travel in. What travels in none concerns no caller. */
function verdictOf(name: RuleName, { directions, isUnused }: Place): Verdict {
  const rule: Rule = rules[name];
  const verdict = worst(directions.map((direction) => rule[direction]));
  if (verdict === "none") return "patch";
  return isUnused && verdict === "major" ? "minor" : verdict;
}

/** What a change belongs to in the report. */
export interface Subject {
  readonly kind: "operation" | "webhook" | "callback" | "model" | "contract";
  readonly name: string;
}

/** Where a comparison stands: what it is about, in words, and which way values of it travel. */
export interface Place {
  readonly subject: Subject;
  readonly what: string;
  readonly directions: readonly Direction[];
  /** A model that no operation reaches in either document: a change to it affects no request or response. */
  readonly isUnused?: boolean;
  /** Webhooks and callbacks go the other way: the server sends the requests, and the caller responds. */
  readonly isReversed?: boolean;
}

/** The place of something that is sent (`request`) or received (`response`), seen from the caller. */
export function going(place: Place, what: string, direction: Direction): Place {
  const other = direction === "request" ? "response" : "request";
  return { ...place, what, directions: [place.isReversed ? other : direction] };
}

export interface Change extends Subject {
  readonly verdict: Verdict;
  readonly rule: RuleName;
  /** JSON pointer into the contract that `in` names: the new one wherever the thing is still there. */
  readonly pointer: string;
  readonly in: "base" | "new";
  /** Where it was in the old contract, if it is in both and elsewhere now. */
  readonly oldPointer?: string;
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
  const [was, is] = [pair.old, pair.new].map((found) => found && pointer(found.path));
  return {
    ...place.subject,
    verdict: verdictOf(rule, place),
    rule,
    pointer: is ?? was ?? pointer([]),
    in: pair.new === undefined ? "base" : "new",
    ...(was === undefined || is === undefined || was === is ? {} : { oldPointer: was }),
    message: says.replace("{what}", () => place.what).replace("{keyword}", () => keyword),
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

export function objectOf(found: Found | undefined): JsonObject | undefined {
  const value = found?.value;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
