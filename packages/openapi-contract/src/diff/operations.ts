import { isObject } from "../document/json.js";
import {
  compareParameters,
  compareRequestBodies,
  compareResponses,
  type Documents,
  type Parameter,
  parameterMembers,
  parametersOf,
} from "./bodies.js";
import {
  type Change,
  change,
  differs,
  type Found,
  memberPair,
  type Owner,
  type Pair,
  type Place,
} from "./change.js";
import { type Endpoint, endpointsOf, isReversed } from "./endpoints.js";
import { compareMembers, elsewhere, sayAs, sunsetOf } from "./members.js";
import type { RuleName } from "./rules.js";
import { compareOperationSecurity } from "./security.js";

/** Compares operation by operation, in the order of the new contract; what was removed comes last. */
export function compareEndpoints(documents: Documents, today: number | undefined): Change[] {
  const [before, after] = [endpointsOf(documents.old), endpointsOf(documents.new)];
  const byName = new Map(before.map((each) => [nameOf(each), each]));
  const newNames = new Set(after.map(nameOf));
  const left = before.filter((each) => !newNames.has(nameOf(each)));
  const changes = after.flatMap((next): Change[] => {
    const sameName = byName.get(nameOf(next));
    if (sameName !== undefined) return compareEndpoint(sameName, next, documents);
    const sameAddress = left.find((each) => each.address === next.address);
    if (sameAddress === undefined)
      return [change(placeOf(next), `${next.subject.kind}-added`, { new: address(next) })];
    left.splice(left.indexOf(sameAddress), 1);
    const ids = members(sameAddress, next, "operationId");
    return [
      change(placeOf(next), "operation-renamed", ids),
      ...compareEndpoint(sameAddress, next, documents),
    ];
  });
  return [
    ...changes,
    ...left.map((each) => change(placeOf(each), removalOf(each, today), { old: address(each) })),
  ];
}

function removalOf({ subject, operation }: Endpoint, today: number | undefined): RuleName {
  const isEarly = today !== undefined && sunsetOf(operation["x-sunset"]) > today;
  return subject.kind === "operation" && isEarly
    ? "operation-removed-before-sunset"
    : `${subject.kind}-removed`;
}

function compareEndpoint(old: Endpoint, next: Endpoint, documents: Documents): Change[] {
  const place = placeOf(next);
  const [before, after] = [owner(old), owner(next)];
  return [
    ...compareAddress(old, next, place),
    ...compareAllParameters(old, next, documents, place),
    // Always, not only when they differ: the same text may refer to shared parts that do.
    ...compareRequestBodies(members(old, next, "requestBody"), documents, place),
    ...compareResponses(members(old, next, "responses"), documents, place),
    ...compareOperationSecurity(before, after, documents, place),
    ...compareMembers(before, after, place, {
      operationId: isReversed(next.subject) ? sayAs("words-changed") : elsewhere,
      parameters: elsewhere,
      requestBody: elsewhere,
      responses: elsewhere,
      callbacks: elsewhere,
      security: elsewhere,
      servers: sayAs("servers-changed"),
    }),
  ];
}

function compareAddress(old: Endpoint, next: Endpoint, place: Place): Change[] {
  const method = { old: found(old, old.method), new: found(next, next.method) };
  const url = { old: found(old, old.url), new: found(next, next.url) };
  const isElsewhere = old.address.split(" ").at(-1) !== next.address.split(" ").at(-1);
  return [
    ...(differs(method) ? [change(place, "method-changed", method)] : []),
    ...(isElsewhere ? [change(place, "path-changed", url)] : []),
  ];
}

/** Gives a path parameter that only has another name that name, and says so. */
function pairRenamed(before: Map<string, Parameter>, old: Endpoint, next: Endpoint, place: Place): Change[] {
  const names = (url: string) => [...url.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? "");
  const [was, is] = [names(old.url), names(next.url)];
  const isSameShape = old.url.replaceAll(/\{[^}]*\}/g, "{}") === next.url.replaceAll(/\{[^}]*\}/g, "{}");
  if (!isSameShape) return [];
  return was.flatMap((name, index): Change[] => {
    const newName = is[index] ?? name;
    const parameter = before.get(name);
    if (newName === name || parameter === undefined || was.includes(newName)) return [];
    before.delete(name);
    before.set(newName, parameter);
    const pair = { old: { value: name, path: parameter.path }, new: found(next, newName) };
    return [change({ ...place, what: `parameter ${name}` }, "parameter-renamed", pair)];
  });
}

function compareAllParameters(old: Endpoint, next: Endpoint, documents: Documents, place: Place): Change[] {
  const before = parametersOf({ document: documents.old, ...old });
  const after = parametersOf({ document: documents.new, ...next });
  const renamed = pairRenamed(before, old, next, place);
  const version = { old: fixedApiVersion(before), new: fixedApiVersion(after) };
  // A single version is written by the client. With a choice it is a parameter like others.
  const isFixed = (parameters: Map<string, Parameter>, single: Found | undefined) =>
    single !== undefined || !parameters.has("api-version");
  if (!isFixed(before, version.old) || !isFixed(after, version.new)) {
    return [...renamed, ...compareParameters(before, after, documents, place)];
  }
  const [oldVersion, newVersion] = [before.get("api-version"), after.get("api-version")];
  before.delete("api-version");
  after.delete("api-version");
  return [
    ...renamed,
    ...compareVersions(version, place),
    ...(oldVersion && newVersion
      ? compareMembers(oldVersion, newVersion, { ...place, what: "parameter api-version" }, writtenByClient)
      : []),
    ...compareParameters(before, after, documents, place),
  ];
}

const writtenByClient = {
  ...parameterMembers,
  in: sayAs("wire-changed"),
  required: sayAs("wire-changed"),
  schema: elsewhere,
};

function placeOf({ subject }: Endpoint): Place {
  const what = `the ${subject.kind}`;
  return { subject, what, directions: ["request", "response"], isReversed: isReversed(subject) };
}

function nameOf({ subject }: Endpoint): string {
  return `${subject.kind} ${subject.name}`;
}

function owner({ operation, path }: Endpoint): Owner {
  return { value: operation, path };
}

function found({ path }: Endpoint, value: string): Found {
  return { value: value, path };
}

function address(endpoint: Endpoint): Found {
  return found(endpoint, `${endpoint.method.toUpperCase()} ${endpoint.url}`);
}

function members(old: Endpoint, next: Endpoint, name: string): Pair {
  return memberPair(owner(old), owner(next), name);
}

/** The one api-version an operation is written for; a parameter with a choice of versions belongs to the caller. */
function fixedApiVersion(parameters: ReadonlyMap<string, Parameter>): Found | undefined {
  const parameter = parameters.get("api-version");
  const schema = parameter?.value["schema"];
  if (parameter === undefined || !isObject(schema)) return undefined;
  const listed = schema["const"] === undefined ? schema["enum"] : [schema["const"]];
  if (!Array.isArray(listed) || listed.length !== 1 || listed[0] === undefined) return undefined;
  return { value: listed[0], path: parameter.path };
}

/** A higher version is refused by every cluster below it; a lower one is known to all that knew the higher one. */
function compareVersions(pair: Pair, place: Place): Change[] {
  if (!differs(pair)) return [];
  const [before, after] = [numberOf(pair.old), numberOf(pair.new)];
  const [major, minor] = [after.major - before.major, after.minor - before.minor];
  const higher = major === 0 ? minor : major;
  if (higher > 0) return [change(place, "api-version-raised", pair)];
  return [change(place, higher < 0 ? "api-version-lowered" : "api-version-changed", pair)];
}

/** Major and minor by number, as 6.10 is above 6.9. What is not of that form compares with nothing. */
function numberOf(version: Found | undefined): { major: number; minor: number } {
  const [, major, minor] = /^(\d+)\.(\d+)(?![\d.])/.exec(String(version?.value)) ?? [];
  return { major: Number(major ?? Number.NaN), minor: Number(minor ?? Number.NaN) };
}
