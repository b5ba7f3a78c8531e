import { isDeepStrictEqual } from "node:util";
import {
  isObject,
  type JsonObject,
  objectAt,
  type Path,
  pointer,
  referencePath,
  valueAt,
  walkObjects,
} from "../document/json.js";
import type { Documents } from "./bodies.js";
import { type Finding, groupByCause } from "./causes.js";
import { type Change, change, differs, memberPair, namesOf, type Owner, type Place } from "./change.js";
import { endpointsOf } from "./endpoints.js";
import { compareMembers, elsewhere, type MemberComparison, sayAs } from "./members.js";
import { compareModels, withSameNames } from "./models.js";
import { compareEndpoints } from "./operations.js";
import { compareRequirements, compareSchemes, inheritsSecurity } from "./security.js";

const contract: Place = {
  subject: { kind: "contract", name: "contract" },
  what: "the contract",
  directions: ["request", "response"],
};

const methods = [
  "get",
  "put",
  "post",
  "delete",
  "options",
  "head",
  "patch",
  "trace",
  "query",
  "additionalOperations",
];

export interface CompareOptions {
  /** Now, in milliseconds since 1970: an operation that is gone before its x-sunset is told as such. Default: no date is early. */
  readonly today?: number;
}

/**
 * Every difference between two contracts (OpenAPI 3.1 documents), each judged for a developer whose code calls the API,
 * and told once per cause. Pure; what no rule knows is a difference too.
 */
export function compareContracts(old: JsonObject, next: JsonObject, options: CompareOptions = {}): Finding[] {
  const { document, changes: renamed } = withSameNames({ old, new: next });
  const documents = { old: document, new: next };
  return groupByCause([
    ...compareEndpoints(documents, options.today),
    ...renamed,
    ...compareModels(documents),
    ...comparePathItems(documents),
    ...compareDocument(documents),
  ]);
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
    return compareMembers(a, b, place, { ...inPath, servers: sayAs("servers-changed") });
  });
}

function compareDocument(documents: Documents): Change[] {
  const [old, next] = [withoutDefaultServer(documents.old), withoutDefaultServer(documents.new)];
  return compareMembers({ value: old, path: [] }, { value: next, path: [] }, contract, {
    // The document's own version and format: no code is made from them.
    openapi: sayAs("words-changed"),
    jsonSchemaDialect: sayAs("words-changed"),
    $self: sayAs("words-changed"),
    info: sayAs("words-changed"),
    // The caller says where the server is.
    servers: sayAs("words-changed"),
    security: (pair, place) =>
      inheritsSecurity(old) || inheritsSecurity(next)
        ? compareRequirements(pair, { ...place, what: "every operation without security of its own" })
        : [change({ ...place, what: "security" }, "shared-part-changed", pair)],
    paths: elsewhere,
    webhooks: elsewhere,
    components: () => compareComponents(documents),
  });
}

/** A document without servers is served from the root of wherever it is. */
function withoutDefaultServer(document: JsonObject): JsonObject {
  const { servers, ...rest } = document;
  return isDeepStrictEqual(servers, [{ url: "/" }]) ? rest : document;
}

const sharedGroups = [
  "parameters",
  "responses",
  "requestBodies",
  "headers",
  "examples",
  "links",
  "callbacks",
  "pathItems",
];

function compareComponents(documents: Documents): Change[] {
  const [old, next] = [objectAt(documents.old, "components"), objectAt(documents.new, "components")];
  const used = new Set([...usedParts(documents.old), ...usedParts(documents.new)]);
  const shared = Object.fromEntries(
    sharedGroups.map((group): [string, MemberComparison] => [
      group,
      () => compareShared(old, next, group, used),
    ]),
  );
  return compareMembers(
    { value: old, path: ["components"] },
    { value: next, path: ["components"] },
    contract,
    {
      ...shared,
      schemas: elsewhere,
      securitySchemes: compareSchemes,
    },
  );
}

/** Compares the shared parts that no operation uses. The others are compared, and judged, where operations use them. */
function compareShared(
  old: JsonObject,
  next: JsonObject,
  group: string,
  used: ReadonlySet<string>,
): Change[] {
  const path = ["components", group];
  const [before, after] = [objectAt(old, group), objectAt(next, group)];
  return namesOf(Object.keys(before), Object.keys(after)).flatMap((name) => {
    const pair = memberPair({ value: before, path }, { value: after, path }, name);
    if (!differs(pair) || used.has(pointer([...path, name]))) return [];
    return [change({ ...contract, what: `${group}/${name}` }, "shared-part-changed", pair)];
  });
}

/** Pointers to the shared parts that operations, webhooks and callbacks lead to. */
function usedParts(document: JsonObject): Set<string> {
  const used = new Set<string>();
  const visit = (part: JsonObject[string] | undefined) => {
    if (part === undefined) return;
    walkObjects(part, ({ $ref: reference }) => {
      const path: Path | undefined = typeof reference === "string" ? referencePath(reference) : undefined;
      if (path === undefined || path[1] === "schemas" || used.has(pointer(path))) return;
      used.add(pointer(path));
      visit(valueAt(document, path));
    });
  };
  for (const { operation, pathItem } of endpointsOf(document)) {
    visit(operation);
    visit(pathItem["parameters"]);
  }
  return used;
}

function ownerAt(parent: JsonObject, folder: string, name: string): Owner | undefined {
  const value = parent[name];
  return isObject(value) ? { value, path: [folder, name] } : undefined;
}
