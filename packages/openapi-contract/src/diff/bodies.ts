import { resolveReference } from "../document/document.js";
import { isObject, type JsonObject, type Path, referencePath } from "../document/json.js";
import { isAboutText } from "./causes.js";
import {
  type Change,
  change,
  type Found,
  going,
  memberPair,
  namesOf,
  type Owner,
  type Pair,
  type Place,
} from "./change.js";
import { compareMember, compareMembers, elsewhere, type MemberComparison, sayAs, toggle } from "./members.js";
import type { RuleName } from "./rules.js";
import { compareSchemas } from "./schemas.js";

export interface Documents {
  readonly old: JsonObject;
  readonly new: JsonObject;
}

/** Compares the request bodies of an operation. `pair` may hold references. */
export function compareRequestBodies(pair: Pair, documents: Documents, outer: Place): Change[] {
  const place = going(outer, "request body", "request");
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

/** Compares the responses of an operation, status by status. */
export function compareResponses(pair: Pair, documents: Documents, outer: Place): Change[] {
  const [old, next] = [ownerOf(pair.old, {}), ownerOf(pair.new, {})];
  const [before, after] = [old ?? { value: {}, path: [] }, next ?? { value: {}, path: [] }];
  return namesOf(Object.keys(before.value), Object.keys(after.value)).flatMap((status): Change[] => {
    const what = status === "default" ? "the default response" : `response ${status}`;
    const place = going(outer, what, "response");
    const both = memberPair(before, after, status);
    if (status.startsWith("x-")) return compareMember(both, place, status, {});
    // The response for a status is the one listed for it, otherwise the one for all statuses that are not listed.
    const [was, is] = [both.old ?? unlisted(before, status), both.new ?? unlisted(after, status)];
    const taken = () => comparePromises({ old: was, new: is }, documents, place);
    if (both.new === undefined) return [change(place, "status-removed", both), ...taken()];
    if (both.old !== undefined) return compareResponse(both, documents, place);
    if (status.startsWith("2")) return [change(place, "success-status-added", both)];
    return [change(place, "error-status-added", both), ...taken()];
  });
}

/** The response for a failure whose status is not listed: that of its range, or the default. */
function unlisted(responses: Owner, status: string): Found | undefined {
  if (status.startsWith("2") || status === "default") return undefined;
  const names = [`${status.slice(0, 1)}XX`, "default"].filter((name) => name !== status);
  const [first] = names.flatMap((name) => memberPair(responses, responses, name).new ?? []);
  return first;
}

/** Compares two responses that can replace each other. Their texts and examples may differ. */
function comparePromises(pair: Pair, documents: Documents, place: Place): Change[] {
  return compareResponse(pair, documents, place).filter(({ rule }) => !isAboutText(rule));
}

function compareResponse(pair: Pair, documents: Documents, place: Place): Change[] {
  const [old, next] = [ownerOf(pair.old, documents.old), ownerOf(pair.new, documents.new)];
  if (old === undefined || next === undefined) return [];
  const rules = { added: "response-type-added", removed: "response-type-removed" } as const;
  const members = compareMembers(old, next, place, {
    headers: elsewhere,
    links: sayAs("link-changed"),
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
    return compareMembers(old, next, place, {
      schema: schemaComparison(documents),
      encoding: sayAs("wire-changed"),
      itemSchema: schemaComparison(documents),
    });
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
    const [old, next] = [headerOf(both.old, documents.old), headerOf(both.new, documents.new)];
    if (old === undefined || next === undefined) return [];
    return compareMembers(old, next, place, {
      name: elsewhere,
      in: elsewhere,
      required: toggle("property-became-required", "property-became-optional"),
      style: sayAs("wire-changed"),
      explode: sayAs("wire-changed"),
      schema: schemaComparison(documents),
      content: (content) =>
        compareContent(content, documents, place, {
          added: "response-type-added",
          removed: "response-type-removed",
        }),
    });
  });
}

function headerOf(found: Pair["new"], document: JsonObject): Owner | undefined {
  const owner = ownerOf(found, document);
  return owner && { ...owner, value: withoutDefaults({ ...owner.value, in: "header" }) };
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

export interface Parameter {
  readonly value: JsonObject;
  readonly path: Path;
}

interface Parts {
  readonly document: JsonObject;
  readonly pathItem: JsonObject;
  readonly operation: JsonObject;
  readonly path: Path;
}

/**
 * The parameters of an operation, those of its path included, by name: the API has no two of one name. Unlike what
 * operationParameters of the specification gives, each is told with the place where it is written, to point to.
 */
export function parametersOf({ document, pathItem, operation, path }: Parts): Map<string, Parameter> {
  const shared = listOf(document, pathItem["parameters"], [...path.slice(0, -1), "parameters"]);
  const own = listOf(document, operation["parameters"], [...path, "parameters"]);
  const all = new Map<string, Parameter>();
  for (const parameter of [...shared, ...own]) {
    const name = String(parameter.value["name"]);
    const sameName = all.get(name);
    const distinct = sameName !== undefined && sameName.value["in"] !== parameter.value["in"];
    all.set(distinct ? `${name} (${String(parameter.value["in"])})` : name, parameter);
  }
  return all;
}

function listOf(document: JsonObject, list: JsonObject[string] | undefined, path: Path): Parameter[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map((parameter, index) => {
    const reference = parameter["$ref"];
    const target = typeof reference === "string" ? referencePath(reference) : undefined;
    return {
      value: withoutDefaults(resolveReference(document, parameter)),
      path: target ?? [...path, index],
    };
  });
}

/** A parameter without the members that say what holds anyway. */
function withoutDefaults(parameter: JsonObject): JsonObject {
  const isSimple = ["path", "header"].includes(String(parameter["in"]));
  const style = String(parameter["style"] ?? (isSimple ? "simple" : "form"));
  const defaults: JsonObject = {
    style: isSimple ? "simple" : "form",
    explode: style === "form" || style === "cookie",
    required: false,
    deprecated: false,
    allowReserved: false,
    allowEmptyValue: false,
  };
  return Object.fromEntries(Object.entries(parameter).filter(([name, value]) => value !== defaults[name]));
}

export function compareParameters(
  old: ReadonlyMap<string, Parameter>,
  next: ReadonlyMap<string, Parameter>,
  documents: { readonly old: JsonObject; readonly new: JsonObject },
  outer: Place,
): Change[] {
  const names = new Set([...old.keys(), ...next.keys()]);
  return [...names].flatMap((name): Change[] => {
    const place = going(outer, `parameter ${name}`, "request");
    const [before, after] = [old.get(name), next.get(name)];
    if (before === undefined && after !== undefined) {
      const required = after.value["required"] === true;
      return [
        change(place, required ? "parameter-added-required" : "parameter-added-optional", { new: after }),
      ];
    }
    if (after === undefined && before !== undefined) {
      return [change(place, "parameter-removed", { old: before })];
    }
    if (before === undefined || after === undefined) return [];
    return compareMembers(before, after, place, {
      ...parameterMembers,
      schema: schemaComparison(documents),
      content: (content) =>
        compareContent(content, documents, place, {
          added: "request-type-added",
          removed: "request-type-removed",
        }),
    });
  });
}

/** Members of a parameter beside its schema. */
export const parameterMembers: Readonly<Record<string, MemberComparison>> = {
  name: elsewhere,
  in: sayAs("parameter-moved"),
  required: toggle("parameter-became-required", "parameter-became-optional"),
  style: sayAs("wire-changed"),
  explode: sayAs("wire-changed"),
  allowReserved: sayAs("wire-changed"),
  allowEmptyValue: toggle("restriction-removed", "restriction-added"),
};

/** Compares the schema of a parameter, a header or a body; one that is not there allows everything. */
function schemaComparison(documents: {
  readonly old: JsonObject;
  readonly new: JsonObject;
}): MemberComparison {
  return (pair, place) => {
    const located = (found: Found | undefined, other: Found | undefined, document: JsonObject) => ({
      document,
      schema: found?.value ?? {},
      path: (found ?? other)?.path ?? [],
    });
    return compareSchemas(
      located(pair.old, pair.new, documents.old),
      located(pair.new, pair.old, documents.new),
      place,
    );
  };
}
