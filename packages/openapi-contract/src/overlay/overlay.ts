import { jsonpath } from "json-p3";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
  type OnWarning,
  type Path,
  type Problem,
  pointer,
  SpecError,
  stringAt,
  valueAt,
} from "../document/json.js";
import type { Loaded } from "../document/load.js";

interface Action {
  readonly target: string;
  /** How messages name it: its description, or its place in the list. */
  readonly name: string;
  /** What happens to each node that matches. */
  readonly change: { readonly update: Json } | { readonly copy: string } | "remove" | "nothing";
}

export interface OverlayRules {
  /** Every action needs a description and an `x-evidence` line, and its target must match something. */
  readonly strict: boolean;
  readonly warn: OnWarning;
}

/**
 * Applies an OpenAPI Overlay 1.0 or 1.1 (the actions update, remove and copy) and returns the changed copy. A target that
 * matches nothing changes nothing, with a warning. Throws SpecError, with the name of the action, where one cannot be
 * applied.
 */
export function applyOverlay(document: JsonObject, overlay: Loaded, rules: OverlayRules): JsonObject {
  const { file } = overlay;
  const actions = readActions(overlay, rules.strict);
  const result = structuredClone(document);
  for (const [index, { target, name, change }] of actions.entries()) {
    const problem = (message: string): Problem => {
      return { file, pointer: pointer(["actions", index]), message: `"${name}": ${message}` };
    };
    const fail: Fail = (message) => new SpecError([problem(message)]);
    const places = matches(result, target, "target", fail);
    if (places.length === 0) {
      const missed = `the target ${target} matches nothing`;
      if (rules.strict) throw fail(missed);
      rules.warn(problem(missed));
    }
    if (change === "nothing") {
      rules.warn(problem("changes nothing: it needs exactly one of update, remove: true and copy"));
      continue;
    }
    const value =
      change === "remove" ? null : "update" in change ? change.update : copied(result, change, fail);
    // Removing from the back keeps the indexes of the places still to be removed valid.
    for (const place of places.reverse()) {
      if (change === "remove") remove(result, place);
      else update(result, place, value, fail);
    }
  }
  return result;
}

type Fail = (message: string) => SpecError;

/** What the one node that `copy` selects holds at this moment. */
function copied(document: JsonObject, { copy }: { readonly copy: string }, fail: Fail): Json {
  const [source, other] = matches(document, copy, "source of the copy", fail);
  if (source === undefined) throw fail(`the source of the copy ${copy} matches nothing`);
  if (other !== undefined)
    throw fail(`the source of the copy ${copy} matches several nodes; it must match one`);
  return structuredClone(valueAt(document, source) ?? null);
}

function matches(document: JsonObject, path: string, role: string, fail: Fail): Path[] {
  try {
    return jsonpath.query(path, document).locations();
  } catch (cause) {
    throw fail(`the ${role} is not a JSONPath: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function update(document: JsonObject, place: Path, value: Json, fail: Fail): void {
  const old = valueAt(document, place);
  const merged =
    Array.isArray(old) && !Array.isArray(value) ? merge(old, [value], fail) : merge(old, value, fail);
  const parent = valueAt(document, place.slice(0, -1));
  const last = place.at(-1);
  if (last === undefined) Object.assign(document, merged);
  else if (Array.isArray(parent)) parent[Number(last)] = merged;
  else if (isObject(parent)) parent[last] = merged;
}

/** Objects merge member by member, arrays are joined, single values are replaced; nothing else fits together. */
function merge(old: Json | undefined, value: Json, fail: Fail): Json {
  if (old === undefined) return structuredClone(value);
  if (isObject(old) && isObject(value)) {
    const merged = { ...old };
    for (const [name, member] of Object.entries(value))
      merged[name] = merge(Object.hasOwn(old, name) ? old[name] : undefined, member, fail);
    return merged;
  }
  if (Array.isArray(old) && Array.isArray(value)) return [...old, ...structuredClone(value)];
  if (typeof old === "object" && old !== null)
    throw fail("the update does not have the form of what it changes");
  if (typeof value === "object" && value !== null)
    throw fail("the update does not have the form of what it changes");
  return value;
}

function remove(document: JsonObject, place: Path): void {
  const parent = valueAt(document, place.slice(0, -1));
  const last = place.at(-1);
  if (last === undefined) return;
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isObject(parent)) delete parent[last];
}

const parts = ["target", "description", "update", "remove", "copy"];

function readActions({ file, value }: Loaded, strict: boolean): Action[] {
  const problems: Problem[] = [];
  const report = (path: Path, message: string) => {
    problems.push({ file, pointer: pointer(path), message });
  };
  if (!/^1\.[01](\.\d+)?$/.test(stringAt(value, "overlay") ?? "")) {
    report(["overlay"], "expected the version of an OpenAPI Overlay, 1.0.x or 1.1.x");
  }
  if (arrayAt(value, "actions").length === 0) report(["actions"], "expected at least one action");
  const actions = arrayAt(value, "actions").flatMap((action, index): Action[] => {
    const path = ["actions", index];
    if (!isObject(action)) {
      report(path, "expected an action object");
      return [];
    }
    for (const name of ["target", ...(strict ? ["description", "x-evidence"] : [])]) {
      if (typeof action[name] !== "string") report([...path, name], "expected a text");
    }
    for (const name of Object.keys(action)) {
      if (!parts.includes(name) && !name.startsWith("x-")) {
        report([...path, name], "is not a part of an action that is known here");
      }
    }
    const change = strict ? changeOf(action) : standardChangeOf(action);
    if (change === undefined) {
      const expected = "exactly one of update, remove: true and copy (a JSONPath)";
      report(path, `expected ${strict ? expected : "remove to be true or false, and copy to be a JSONPath"}`);
      return [];
    }
    const { target, description } = action;
    const name = typeof description === "string" ? description : `action ${index + 1}`;
    return [{ target: String(target), name, change }];
  });
  if (problems.length > 0) throw new SpecError(problems);
  return actions;
}

/** The one thing that an action does; undefined when it is not exactly one. */
function changeOf({ update, remove, copy }: JsonObject): Action["change"] | undefined {
  const isRemoved = remove === true;
  if (Number(update !== undefined) + Number(isRemoved) + Number(copy !== undefined) !== 1) return undefined;
  if (isRemoved) return "remove";
  if (update !== undefined) return { update };
  return typeof copy === "string" ? { copy } : undefined;
}

/** By the standard, remove goes before the others, update and copy cancel each other, and an action may do nothing. */
function standardChangeOf({ update, remove, copy }: JsonObject): Action["change"] | undefined {
  if (remove !== undefined && typeof remove !== "boolean") return undefined;
  if (copy !== undefined && typeof copy !== "string") return undefined;
  if (remove === true) return "remove";
  if (update !== undefined && copy !== undefined) return "nothing";
  if (update !== undefined) return { update };
  return copy === undefined ? "nothing" : { copy };
}
