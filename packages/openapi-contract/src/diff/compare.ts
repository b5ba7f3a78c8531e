import { operationsOf } from "../document/document.js";
import { isObject, type JsonObject, objectAt } from "../document/json.js";
import {
  compareParameters,
  compareRequestBodies,
  compareResponses,
  type Documents,
  type Parameter,
  parameterMembers,
  parametersOf,
} from "./bodies.js";
import { compareMembers, elsewhere, type MemberComparison, sayAs } from "./members.js";
import { compareModels } from "./models.js";
import {
  type Change,
  change,
  differs,
  type Found,
  memberPair,
  namesOf,
  type Owner,
  type Pair,
  type Place,
} from "./rules.js";

const contract: Place = {
  subject: { kind: "contract", name: "contract" },
  what: "the contract",
  directions: ["request", "response"],
};

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/**
 * Every difference between two contracts (OpenAPI 3.1 documents), each judged for somebody whose code calls the client.
 * Pure; what no rule knows is a difference too.
 */
export function compareContracts(old: JsonObject, next: JsonObject): Change[] {
  const documents = { old, new: next };
  return [
    ...compareOperations(documents),
    ...compareModels(documents),
    ...comparePathItems(documents),
    ...compareDocument(documents),
  ];
}

/** The contract before there was any: no operation and no model, so that all of them are new. */
export function emptyContract(next: JsonObject): JsonObject {
  return { ...next, paths: {}, components: { ...objectAt(next, "components"), schemas: {} } };
}

/** What stands beside the operations of a path and concerns all of them. */
function comparePathItems({ old, new: next }: Documents): Change[] {
  const [before, after] = [objectAt(old, "paths"), objectAt(next, "paths")];
  const inPath = Object.fromEntries([...methods, "parameters"].map((name) => [name, elsewhere]));
  return Object.keys(after).flatMap((url) => {
    const place = { ...contract, what: `path ${url}` };
    const [a, b] = [ownerAt(before, "paths", url), ownerAt(after, "paths", url)];
    // A path that is new or gone is told by its operations.
    if (a === undefined || b === undefined) return [];
    return compareMembers(a, b, place, { ...inPath, servers: sayAs("wire-changed") });
  });
}

function compareDocument(documents: Documents): Change[] {
  const [old, next] = [documents.old, documents.new];
  return compareMembers({ value: old, path: [] }, { value: next, path: [] }, contract, {
    // The document's own version and format: no code is made from them.
    openapi: sayAs("words-changed"),
    info: sayAs("words-changed"),
    // The caller says where the cluster is.
    servers: sayAs("words-changed"),
    security: sayAs("security-changed"),
    paths: elsewhere,
    components: () => compareComponents(documents),
  });
}

const sharedGroups = ["parameters", "responses", "requestBodies", "headers", "examples"];

function compareComponents(documents: Documents): Change[] {
  const [old, next] = [objectAt(documents.old, "components"), objectAt(documents.new, "components")];
  const shared = Object.fromEntries(
    sharedGroups.map((group): [string, MemberComparison] => [group, () => compareShared(old, next, group)]),
  );
  return compareMembers(
    { value: old, path: ["components"] },
    { value: next, path: ["components"] },
    contract,
    { ...shared, schemas: elsewhere, securitySchemes: sayAs("security-changed") },
  );
}

/** One line per shared part: what the difference means is told, and judged, at the operations that use it. */
function compareShared(old: JsonObject, next: JsonObject, group: string): Change[] {
  const place: Place = { ...contract, what: "a shared part" };
  const [before, after] = [objectAt(old, group), objectAt(next, group)];
  const owner = (value: JsonObject): Owner => ({ value, path: ["components", group] });
  const names = namesOf(Object.keys(before), Object.keys(after));
  const each = names.map((name): [string, MemberComparison] => [
    name,
    (pair) => sayAs("shared-part-changed")(pair, { ...place, what: `${group}/${name}` }, name),
  ]);
  return compareMembers(owner(before), owner(after), place, Object.fromEntries(each));
}

function ownerAt(parent: JsonObject, folder: string, name: string): Owner | undefined {
  const value = parent[name];
  return isObject(value) ? { value, path: [folder, name] } : undefined;
}

type Operation = ReturnType<typeof operationsOf>[number];

/** Compares operation by operation, in the order of the new contract; what was removed comes last. */
function compareOperations(documents: Documents): Change[] {
  const [before, after] = [operationsOf(documents.old), operationsOf(documents.new)];
  const byId = new Map(before.map((each) => [idOf(each), each]));
  const newIds = new Set(after.map(idOf));
  const left = before.filter((each) => !newIds.has(idOf(each)));
  const changes = after.flatMap((next): Change[] => {
    const sameId = byId.get(idOf(next));
    if (sameId !== undefined) return compareOperation(sameId, next, documents);
    const sameAddress = left.find((each) => each.url === next.url && each.method === next.method);
    if (sameAddress === undefined) return [change(placeOf(next), "operation-added", { new: address(next) })];
    left.splice(left.indexOf(sameAddress), 1);
    const ids = members(sameAddress, next, "operationId");
    return [
      change(placeOf(next), "operation-renamed", ids),
      ...compareOperation(sameAddress, next, documents),
    ];
  });
  return [
    ...changes,
    ...left.map((each) => change(placeOf(each), "operation-removed", { old: address(each) })),
  ];
}

function compareOperation(old: Operation, next: Operation, documents: Documents): Change[] {
  const place = placeOf(next);
  return [
    ...compareAddress(old, next, place),
    ...compareAllParameters(old, next, documents, place),
    // Always, not only when they differ: the same text may refer to shared parts that do.
    ...compareRequestBodies(members(old, next, "requestBody"), documents, place),
    ...compareResponses(members(old, next, "responses"), documents, place),
    ...compareMembers(
      { value: old.operation, path: old.path },
      { value: next.operation, path: next.path },
      place,
      {
        operationId: elsewhere,
        parameters: elsewhere,
        requestBody: elsewhere,
        responses: elsewhere,
        security: sayAs("security-changed"),
        servers: sayAs("wire-changed"),
      },
    ),
  ];
}

function compareAddress(old: Operation, next: Operation, place: Place): Change[] {
  const method = { old: found(old, old.method), new: found(next, next.method) };
  const url = { old: found(old, old.url), new: found(next, next.url) };
  return [
    ...(differs(method) ? [change(place, "method-changed", method)] : []),
    ...(differs(url) ? [change(place, "path-changed", url)] : []),
  ];
}

function compareAllParameters(old: Operation, next: Operation, documents: Documents, place: Place): Change[] {
  const before = parametersOf({ document: documents.old, ...old });
  const after = parametersOf({ document: documents.new, ...next });
  const version = { old: fixedApiVersion(before), new: fixedApiVersion(after) };
  // A single version is written by the client. With a choice it is a parameter like others.
  const isFixed = (parameters: Map<string, Parameter>, single: Found | undefined) =>
    single !== undefined || !parameters.has("api-version");
  if (!isFixed(before, version.old) || !isFixed(after, version.new)) {
    return compareParameters(before, after, documents, place);
  }
  const [oldVersion, newVersion] = [before.get("api-version"), after.get("api-version")];
  before.delete("api-version");
  after.delete("api-version");
  return [
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

function placeOf(operation: Operation): Place {
  const subject = { kind: "operation", name: idOf(operation) } as const;
  return { subject, what: "the operation", directions: ["request", "response"] };
}

function idOf({ operation }: { operation: JsonObject }): string {
  return String(operation["operationId"]);
}

function found({ path }: Operation, value: string): Found {
  return { value: value, path };
}

function address(operation: Operation): Found {
  return found(operation, `${operation.method.toUpperCase()} ${operation.url}`);
}

function members(old: Operation, next: Operation, name: string): Pair {
  return memberPair(
    { value: old.operation, path: old.path },
    { value: next.operation, path: next.path },
    name,
  );
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
