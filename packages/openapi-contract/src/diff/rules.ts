import { isDeepStrictEqual } from "node:util";
import { type Json, type JsonObject, type Path, pointer } from "../document/json.js";

/** What a change asks of the next version, judged for somebody whose code calls the client. */
export type Verdict = "patch" | "minor" | "major";
export type Level = "none" | Verdict;

/** Which way values travel: a caller writes requests and reads responses, so the same change can hurt one and help the other. */
export type Direction = "request" | "response";

const order: readonly Level[] = ["none", "patch", "minor", "major"];

export function worst(levels: readonly Level[]): Level {
  return levels.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a), "none");
}

/** Whether a release of `level` may hold what needs `needed`. */
export function covers(level: Level, needed: Level): boolean {
  return order.indexOf(level) >= order.indexOf(needed);
}

/** What a kind of change means for a caller. `says` is one sentence for people; `{what}` is the thing that changed. */
export interface Rule {
  readonly request: Verdict;
  readonly response: Verdict;
  readonly says: string;
}

function always(verdict: Verdict, says: string): Rule {
  return { request: verdict, response: verdict, says };
}

/** Fewer values than before: a caller's request may be refused, while an answer only got more precise. */
function narrower(says: string): Rule {
  return { request: "major", response: "minor", says };
}

/** More values than before: a request may say more, while an answer may hold what the caller never expected. */
function wider(says: string): Rule {
  return { request: "minor", response: "major", says };
}

const operationRules = {
  "operation-added": always("minor", "new operation"),
  "operation-removed": always("major", "the operation was removed"),
  "operation-renamed": always("major", "the operation has another name"),
  // The client writes method and URL; a caller names the operation and its parameters. So the caller's code stays as it
  // is, and what the client sends is new.
  "method-changed": always("minor", "the client sends it with another method"),
  "path-changed": always("minor", "the client sends it to another path"),
  // The client writes the api-version too, but every cluster older than it refuses the call.
  "api-version-raised": always(
    "major",
    "the client asks for a higher api-version, so clusters below it refuse code that did not change",
  ),
  "api-version-lowered": always("minor", "the client asks for a lower api-version"),
  "api-version-changed": always(
    "major",
    "the client asks for another api-version, and it cannot be told which clusters know it",
  ),
  "wire-changed": always("minor", "{what} is written differently on the wire"),
  "security-changed": always("major", "callers must authenticate in another way"),
  deprecated: always("minor", "{what} is deprecated now"),
  "deprecation-withdrawn": always("patch", "{what} is no longer deprecated"),
} as const;

const parameterRules = {
  "parameter-added-optional": always("minor", "new optional {what}"),
  "parameter-added-required": always("major", "new required {what}"),
  "parameter-removed": always("major", "{what} was removed"),
  "parameter-became-required": always("major", "{what} is required now"),
  "parameter-became-optional": always("minor", "{what} is optional now"),
  // OperationTypes groups parameters by place, so a caller's types change with it.
  "parameter-moved": always("major", "{what} moved"),
} as const;

const requestBodyRules = {
  "body-added-optional": always("minor", "an optional {what} was added"),
  "body-added-required": always("major", "a required {what} was added"),
  "body-removed": always("major", "the {what} was removed"),
  "body-became-required": always("major", "the {what} is required now"),
  "body-became-optional": always("minor", "the {what} is optional now"),
  "body-renamed": always("major", "the {what} has another name in the operation table"),
  "request-type-added": always("minor", "the {what} may have another content type"),
  "request-type-removed": always("major", "the {what} may no longer have this content type"),
} as const;

const responseRules = {
  "success-status-added": always("major", "{what} is new: the result can be something else now"),
  "error-status-added": always("minor", "{what} is documented on its own now"),
  "status-removed": always("major", "{what} was removed"),
  "response-body-added": always("minor", "{what} has a body now"),
  "response-body-removed": always("major", "{what} has no body any more"),
  "response-type-added": always("major", "{what} can come as another content type"),
  "response-type-removed": always("major", "{what} no longer comes as this content type"),
  "header-added": always("minor", "new {what}"),
  "header-removed": always("major", "{what} was removed"),
} as const;

const modelRules = {
  "model-added": always("minor", "new model"),
  "model-removed": always("major", "the model was removed"),
  "model-renamed": always("major", "the model has another name"),
  "reference-changed": always("patch", "{what} is described by another model of the same shape"),
  "property-added-optional": always("minor", "new optional property {what}"),
  "property-added-required": narrower("new required property {what}"),
  "property-removed": always("major", "the property {what} was removed"),
  "property-became-required": narrower("{what} is no longer optional"),
  "property-became-optional": wider("{what} is optional now"),
  "additional-properties-narrowed": narrower("{what} allows fewer properties of other names"),
  "additional-properties-widened": wider("{what} allows more properties of other names"),
  "index-signature-added": always("minor", "{what} can be read and written by any property name now"),
  "index-signature-removed": always("major", "{what} can no longer be read and written by any property name"),
  "items-restricted": narrower("{what}: what the entries are is stated now"),
  "items-freed": wider("{what}: what the entries are is no longer stated"),
  "union-member-added": wider("{what} can be one thing more"),
  "union-member-removed": always("major", "{what} can be one thing less"),
  "discriminator-changed": always("major", "{what} is told apart in another way"),
  "discriminator-value-added": wider("{what} has one more kind"),
  "discriminator-value-removed": always("major", "{what} has one kind less"),
} as const;

const valueRules = {
  "type-changed": always("major", "{what} has another type"),
  "type-narrowed": always("major", "{what} has fewer types"),
  "type-widened": wider("{what} has more types"),
  "type-stated": narrower("the type of {what} is stated now"),
  "type-unstated": wider("the type of {what} is no longer stated"),
  "null-allowed": wider("{what} may be null now"),
  "null-refused": narrower("{what} is never null now"),
  "format-changed": always("major", "{what} has another format"),
  "format-added": narrower("{what} has a format now"),
  "format-removed": wider("{what} has no format any more"),
  "bound-narrowed": narrower("{what}: {keyword} allows less"),
  "bound-widened": wider("{what}: {keyword} allows more"),
  "restriction-added": narrower("{what}: {keyword} is restricted now"),
  "restriction-removed": wider("{what}: {keyword} is no longer restricted"),
  "restriction-changed": always("major", "{what}: {keyword} changed"),
  "enum-value-added": wider("{what} has one more value"),
  // Also in a response: code that compares with the value no longer compiles.
  "enum-value-removed": always("major", "{what} has one value less"),
  "enum-added": always("major", "{what} has a closed list of values now"),
  "enum-removed": wider("{what} has no list of values any more"),
  "enum-opened": wider("{what} can be a value outside its list now"),
  "enum-closed": always("major", "{what} can no longer be a value outside its list"),
  "known-value-added": always("minor", "{what} has one more known value"),
  "known-value-removed": always("minor", "{what} has one known value less"),
  "default-added": { request: "minor", response: "patch", says: "{what} has a default now" },
  // Nothing stops compiling, but a request that leaves the value out means something else.
  "default-changed": { request: "major", response: "patch", says: "{what} has another default" },
  "default-removed": { request: "major", response: "patch", says: "{what} has no default any more" },
  "access-restricted": always("major", "{what}: {keyword} now"),
  "access-freed": always("minor", "{what}: no longer {keyword}"),
} as const;

const otherRules = {
  "words-changed": always("patch", "{what}: {keyword} reads differently"),
  "example-changed": always("patch", "{what}: other examples"),
  "extension-changed": always("patch", "{what}: {keyword} differs, without effect on code"),
  "extension-with-effect-changed": always("major", "{what}: {keyword} differs, and code depends on it"),
  // Judged where an operation uses it; its own name appears in no type of an operation.
  "shared-part-changed": always("patch", "{what} differs; judged where operations use it"),
  unknown: always("major", "{what}: {keyword} differs, and no rule knows it"),
} as const;

export const rules = {
  ...operationRules,
  ...parameterRules,
  ...requestBodyRules,
  ...responseRules,
  ...modelRules,
  ...valueRules,
  ...otherRules,
} satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;

/** The worse verdict of the directions that values travel in. */
function verdictOf(name: RuleName, directions: readonly Direction[]): Verdict {
  const rule: Rule = rules[name];
  const verdicts = directions.map((direction) => rule[direction]);
  if (verdicts.includes("major")) return "major";
  return verdicts.includes("minor") ? "minor" : "patch";
}

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
