import { isObject, type Json, type JsonObject, objectAt } from "../document/json.js";
import type { Documents } from "./bodies.js";
import {
  type Change,
  change,
  differs,
  type Found,
  memberPair,
  namesOf,
  type Owner,
  objectOf,
  type Pair,
  type Place,
} from "./change.js";
import { compareMembers, type MemberComparison, sayAs } from "./members.js";
import type { RuleName } from "./rules.js";

/** What callers can authenticate with: each way by the names of its schemes, with the scopes of each. */
interface Requirement {
  readonly isOptional: boolean;
  readonly ways: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

/** Compares two lists of security requirements; a missing one asks for nothing. */
export function compareRequirements(pair: Pair, place: Place): Change[] {
  if (!differs(pair)) return [];
  const [before, after] = [requirementOf(pair.old), requirementOf(pair.new)];
  const at = (found: Found | undefined, value: Json): Found => ({ value, path: found?.path ?? [] });
  const toggled = before.isOptional !== after.isOptional;
  const changes = toggled
    ? [change(place, after.isOptional ? "security-dropped" : "security-required", pair)]
    : [];
  if (toggled && (before.ways.size === 0 || after.ways.size === 0)) return changes;
  for (const name of namesOf(before.ways.keys(), after.ways.keys())) {
    const [old, next] = [before.ways.get(name), after.ways.get(name)];
    if (old === undefined)
      changes.push(change(place, "security-alternative-added", { new: at(pair.new, name) }));
    else if (next === undefined)
      changes.push(change(place, "security-alternative-removed", { old: at(pair.old, name) }));
    else changes.push(...compareScopes(old, next, pair, place));
  }
  return changes;
}

function requirementOf(found: Found | undefined): Requirement {
  const list = Array.isArray(found?.value) ? found.value.filter(isObject) : [];
  const ways = new Map<string, Map<string, string[]>>();
  for (const each of list) {
    const name = Object.keys(each).sort().join(" and ");
    const scopes = ways.get(name) ?? new Map<string, string[]>();
    for (const [scheme, names] of Object.entries(each))
      scopes.set(scheme, [...(scopes.get(scheme) ?? []), ...(Array.isArray(names) ? names.map(String) : [])]);
    ways.set(name, scopes);
  }
  const isOptional = ways.size === 0 || ways.delete("");
  return { isOptional, ways };
}

function compareScopes(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
  pair: Pair,
  place: Place,
): Change[] {
  return [...after].flatMap(([scheme, scopes]) => {
    const former = before.get(scheme) ?? [];
    const value = (scope: string, found: Found | undefined) => ({
      value: `${scheme}: ${scope}`,
      path: found?.path ?? [],
    });
    return [
      ...former
        .filter((scope) => !scopes.includes(scope))
        .map((scope) => change(place, "security-scope-removed", { old: value(scope, pair.old) })),
      ...scopes
        .filter((scope) => !former.includes(scope))
        .map((scope) => change(place, "security-scope-added", { new: value(scope, pair.new) })),
    ];
  });
}

/**
 * What an operation asks of its callers: its own requirements, else those of the document. Two operations that both take
 * the document's are not compared here: that is one change, of the document.
 */
export function compareOperationSecurity(
  old: Owner,
  next: Owner,
  documents: Documents,
  place: Place,
): Change[] {
  const own = memberPair(old, next, "security");
  if (own.old === undefined && own.new === undefined) return [];
  const inherited = memberPair(
    { value: documents.old, path: [] },
    { value: documents.new, path: [] },
    "security",
  );
  return compareRequirements({ old: own.old ?? inherited.old, new: own.new ?? inherited.new }, place);
}

/** Compares the schemes that requirements name. */
export const compareSchemes: MemberComparison = (pair, outer) => {
  const [old, next] = [ownerOf(pair.old), ownerOf(pair.new)];
  return namesOf(Object.keys(old.value), Object.keys(next.value)).flatMap((name): Change[] => {
    const place = { ...outer, what: `security scheme ${name}` };
    const both = memberPair(old, next, name);
    const [before, after] = [objectOf(both.old), objectOf(both.new)];
    if (before === undefined) return [change(place, "security-scheme-added", both)];
    if (after === undefined) return [change(place, "security-scheme-removed", both)];
    const path = [...next.path, name];
    return compareMembers(
      { value: before, path: [...old.path, name] },
      { value: after, path },
      place,
      schemeMembers,
    );
  });
};

const address = sayAs("security-address-changed");
const schemeMembers: Readonly<Record<string, MemberComparison>> = {
  type: sayAs("security-scheme-changed"),
  scheme: sayAs("security-scheme-changed"),
  in: sayAs("security-scheme-changed"),
  name: sayAs("security-scheme-changed"),
  bearerFormat: sayAs("words-changed"),
  openIdConnectUrl: address,
  oauth2MetadataUrl: address,
  flows: (pair, place) =>
    eachNamed(pair, place, "security-flow-added", "security-flow-removed", (both, name) => {
      const [old, next] = [ownerOf(both.old), ownerOf(both.new)];
      return compareMembers(old, next, { ...place, what: `${place.what} (${name})` }, flowMembers);
    }),
};

const flowMembers: Readonly<Record<string, MemberComparison>> = {
  authorizationUrl: address,
  tokenUrl: address,
  refreshUrl: address,
  deviceAuthorizationUrl: address,
  scopes: (pair, place) =>
    eachNamed(pair, place, "security-scope-defined", "security-scope-undefined", (both, name) =>
      differs(both) ? [change(place, "words-changed", both, name)] : [],
    ),
};

function eachNamed(
  pair: Pair,
  place: Place,
  added: RuleName,
  removed: RuleName,
  compare: (both: Pair, name: string) => Change[],
): Change[] {
  const [old, next] = [ownerOf(pair.old), ownerOf(pair.new)];
  return namesOf(Object.keys(old.value), Object.keys(next.value)).flatMap((name) => {
    const both = memberPair(old, next, name);
    if (both.old === undefined) return [change(place, added, both, name)];
    if (both.new === undefined) return [change(place, removed, both, name)];
    return compare(both, name);
  });
}

function ownerOf(found: Found | undefined): Owner {
  return { value: objectOf(found) ?? {}, path: found?.path ?? [] };
}

/** Whether an operation of the document takes the requirements of the document. */
export function inheritsSecurity(document: JsonObject): boolean {
  const items = Object.values(objectAt(document, "paths")).filter(isObject);
  return items.some((item) =>
    Object.values(item).some(
      (operation) => isObject(operation) && "responses" in operation && !("security" in operation),
    ),
  );
}
