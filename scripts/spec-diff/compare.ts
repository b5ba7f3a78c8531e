import { isObject, type JsonObject } from "../spec/index.js";
import { objectAt } from "../spec/json.js";
import type { Documents } from "./bodies.js";
import { type Change, namesOf, type Owner, type Place } from "./change.js";
import { compareMembers, elsewhere, type MemberComparison, sayAs } from "./members.js";
import { compareModels } from "./models.js";
import { compareOperations } from "./operations.js";

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
