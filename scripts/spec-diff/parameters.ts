import { isObject, type JsonObject, type Path, resolveReference } from "../spec/index.js";
import { referencePath } from "../spec/pointer.js";
import { type Change, change, type Found, type Place } from "./change.js";
import { compareMembers, elsewhere, type MemberComparison, sayAs, toggle } from "./members.js";
import { compareSchemas } from "./schemas.js";

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
    return { value: resolveReference(document, parameter), path: target ?? [...path, index] };
  });
}

export function compareParameters(
  old: ReadonlyMap<string, Parameter>,
  next: ReadonlyMap<string, Parameter>,
  documents: { readonly old: JsonObject; readonly new: JsonObject },
  outer: Place,
): Change[] {
  const names = new Set([...old.keys(), ...next.keys()]);
  return [...names].flatMap((name): Change[] => {
    const place: Place = { ...outer, what: `parameter ${name}`, directions: ["request"] };
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
export function schemaComparison(documents: {
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
