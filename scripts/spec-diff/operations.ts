import { type JsonObject, operationsOf } from "../spec/index.js";
import { compareVersions, fixedApiVersion } from "./api-version.js";
import { compareRequestBodies, compareResponses, type Documents } from "./bodies.js";
import { type Change, change, differs, type Found, memberPair, type Pair, type Place } from "./change.js";
import { compareMembers, elsewhere, sayAs } from "./members.js";
import { compareParameters, type Parameter, parameterMembers, parametersOf } from "./parameters.js";

type Operation = ReturnType<typeof operationsOf>[number];

/** Compares operation by operation, in the order of the new contract; what was removed comes last. */
export function compareOperations(documents: Documents): Change[] {
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
