import { isObject, type JsonObject, type Path, resolveReference } from "../spec/index.js";
import { referencePath } from "../spec/pointer.js";
import {
  type Change,
  change,
  type Found,
  memberPair,
  namesOf,
  type Owner,
  type Pair,
  type Place,
} from "./change.js";
import { compareMember, compareMembers, elsewhere, sayAs, toggle } from "./members.js";
import { schemaComparison } from "./parameters.js";
import type { RuleName } from "./rules.js";

export interface Documents {
  readonly old: JsonObject;
  readonly new: JsonObject;
}

/** Compares the request bodies of an operation. `pair` may hold references. */
export function compareRequestBodies(pair: Pair, documents: Documents, outer: Place): Change[] {
  const place: Place = { ...outer, what: "request body", directions: ["request"] };
  const [old, next] = [ownerOf(pair.old, documents.old), ownerOf(pair.new, documents.new)];
  if (old === undefined && next === undefined) return [];
  if (next === undefined) return [change(place, "body-removed", { old })];
  if (old === undefined) {
    const required = next.value["required"] === true;
    return [change(place, required ? "body-added-required" : "body-added-optional", { new: next })];
  }
  const rules = { added: "request-type-added", removed: "request-type-removed" } as const;
  return compareMembers(old, next, place, {
    required: toggle("body-became-required", "body-became-optional"),
    "x-body-name": sayAs("body-renamed"),
    content: (content) => compareContent(content, documents, place, rules),
  });
}

/** Compares the answers of an operation, status by status. */
export function compareResponses(pair: Pair, documents: Documents, outer: Place): Change[] {
  const [old, next] = [ownerOf(pair.old, {}), ownerOf(pair.new, {})];
  const [before, after] = [old ?? { value: {}, path: [] }, next ?? { value: {}, path: [] }];
  return namesOf(Object.keys(before.value), Object.keys(after.value)).flatMap((status): Change[] => {
    const what = status === "default" ? "the answer to a failure" : `answer ${status}`;
    const place: Place = { ...outer, what, directions: ["response"] };
    const both = memberPair(before, after, status);
    if (status.startsWith("x-")) return compareMember(both, place, status, {});
    // What answers a status is said by the status itself, else by what stands for all that are not listed.
    const [was, is] = [both.old ?? unlisted(before, status), both.new ?? unlisted(after, status)];
    const taken = () => comparePromises({ old: was, new: is }, documents, place);
    if (both.new === undefined) return [change(place, "status-removed", both), ...taken()];
    if (both.old !== undefined) return compareResponse(both, documents, place);
    if (status.startsWith("2")) return [change(place, "success-status-added", both)];
    return [change(place, "error-status-added", both), ...taken()];
  });
}

/** The answer that describes a failure with a status that is not listed: that of its range, or the default. */
function unlisted(responses: Owner, status: string): Found | undefined {
  if (status.startsWith("2") || status === "default") return undefined;
  const names = [`${status.slice(0, 1)}XX`, "default"].filter((name) => name !== status);
  const [first] = names.flatMap((name) => memberPair(responses, responses, name).new ?? []);
  return first;
}

/** Compares two answers that may take each other's place: their words and examples differ by nature. */
function comparePromises(pair: Pair, documents: Documents, place: Place): Change[] {
  return compareResponse(pair, documents, place).filter(({ verdict }) => verdict !== "patch");
}

function compareResponse(pair: Pair, documents: Documents, place: Place): Change[] {
  const [old, next] = [ownerOf(pair.old, documents.old), ownerOf(pair.new, documents.new)];
  if (old === undefined || next === undefined) return [];
  const rules = { added: "response-type-added", removed: "response-type-removed" } as const;
  const members = compareMembers(old, next, place, {
    headers: elsewhere,
    content: (content) => {
      const [had, has] = [isFilled(content.old), isFilled(content.new)];
      if (had && has) return compareContent(content, documents, place, rules);
      if (had === has) return [];
      return [change(place, has ? "response-body-added" : "response-body-removed", content)];
    },
  });
  return [...members, ...compareHeaders(memberPair(old, next, "headers"), documents, place)];
}

function compareContent(
  pair: Pair,
  documents: Documents,
  place: Place,
  rules: { readonly added: RuleName; readonly removed: RuleName },
): Change[] {
  return eachOf(pair, (type, both) => {
    if (both.old === undefined) return [change(place, rules.added, { new: named(both.new, type) })];
    if (both.new === undefined) return [change(place, rules.removed, { old: named(both.old, type) })];
    const [old, next] = [ownerOf(both.old, {}), ownerOf(both.new, {})];
    if (old === undefined || next === undefined) return [];
    return compareMembers(old, next, place, { schema: schemaComparison(documents) });
  });
}

/** The content type itself is what a person wants to read, not the schema below it. */
function named(found: Pair["new"], value: string): Pair["new"] {
  return found === undefined ? undefined : { ...found, value };
}

function compareHeaders(pair: Pair, documents: Documents, outer: Place): Change[] {
  return eachOf(pair, (name, both) => {
    const place = { ...outer, what: `header ${name} of ${outer.what}` };
    if (both.old === undefined) return [change(place, "header-added", both)];
    if (both.new === undefined) return [change(place, "header-removed", both)];
    const [old, next] = [ownerOf(both.old, documents.old), ownerOf(both.new, documents.new)];
    if (old === undefined || next === undefined) return [];
    return compareMembers(old, next, place, {
      name: elsewhere,
      in: elsewhere,
      required: toggle("property-became-required", "property-became-optional"),
      schema: schemaComparison(documents),
    });
  });
}

/** Calls `compare` for every member of two objects of which one may be missing. */
function eachOf(pair: Pair, compare: (name: string, both: Pair) => Change[]): Change[] {
  const none: Owner = { value: {}, path: [] };
  const [old, next] = [ownerOf(pair.old, {}) ?? none, ownerOf(pair.new, {}) ?? none];
  return namesOf(Object.keys(old.value), Object.keys(next.value)).flatMap((name) =>
    compare(name, memberPair(old, next, name)),
  );
}

function isFilled(found: Pair["new"]): boolean {
  return found !== undefined && isObject(found.value) && Object.keys(found.value).length > 0;
}

/** The object at a place, its reference followed. */
function ownerOf(found: Pair["new"], document: JsonObject): Owner | undefined {
  if (found === undefined || !isObject(found.value)) return undefined;
  const reference = found.value["$ref"];
  const target: Path | undefined = typeof reference === "string" ? referencePath(reference) : undefined;
  if (target === undefined) return { value: found.value, path: found.path };
  return { value: resolveReference(document, found.value), path: target };
}
