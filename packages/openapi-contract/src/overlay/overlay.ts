import { jsonpath } from "json-p3";
import {
  arrayAt,
  isObject,
  type Json,
  type JsonObject,
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
  readonly name: string;
  readonly update?: Json;
  readonly remove: boolean;
}

/**
 * Applies an OpenAPI Overlay 1.0 or 1.1 (update and remove actions) and returns the changed copy.
 *
 * Stricter than the specification on purpose: an action whose target matches nothing throws SpecError with the
 * action's name, and every action must have a description and an x-evidence line.
 */
export function applyOverlay(document: JsonObject, overlay: Loaded): JsonObject {
  const actions = readActions(overlay);
  const result = structuredClone(document);
  for (const [index, action] of actions.entries()) {
    const fail = (message: string) =>
      new SpecError([
        { file: overlay.file, pointer: pointer(["actions", index]), message: `"${action.name}": ${message}` },
      ]);
    const places = matches(result, action.target, fail);
    if (places.length === 0) throw fail(`the target ${action.target} matches nothing`);
    // Removing from the back keeps the indexes of the places still to be removed valid.
    for (const place of places.reverse()) {
      if (action.remove) remove(result, place);
      else update(result, place, action.update ?? null, fail);
    }
  }
  return result;
}

type Fail = (message: string) => SpecError;

function matches(document: JsonObject, target: string, fail: Fail): Path[] {
  try {
    return jsonpath.query(target, document).locations();
  } catch (cause) {
    throw fail(`the target is not a JSONPath: ${cause instanceof Error ? cause.message : String(cause)}`);
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

function readActions({ file, value }: Loaded): Action[] {
  const problems: Problem[] = [];
  const report = (path: Path, message: string) => {
    problems.push({ file, pointer: pointer(path), message });
  };
  if (!/^1\.[01]\.\d+$/.test(stringAt(value, "overlay") ?? "")) {
    report(["overlay"], "expected the version of an OpenAPI Overlay, 1.0.x or 1.1.x");
  }
  if (arrayAt(value, "actions").length === 0) report(["actions"], "expected at least one action");
  const actions = arrayAt(value, "actions").flatMap((action, index): Action[] => {
    const path = ["actions", index];
    if (!isObject(action)) {
      report(path, "expected an action object");
      return [];
    }
    const { target, description, update, remove } = action;
    for (const name of ["target", "description", "x-evidence"]) {
      if (typeof action[name] !== "string") report([...path, name], "expected a text");
    }
    for (const name of Object.keys(action)) {
      if (!["target", "description", "update", "remove"].includes(name) && !name.startsWith("x-")) {
        report([...path, name], "is not a part of an action that is known here");
      }
    }
    if ((update === undefined) === (remove !== true)) report(path, "expected either update or remove: true");
    return [
      {
        target: String(target),
        name: String(description),
        remove: remove === true,
        ...(update === undefined ? {} : { update }),
      },
    ];
  });
  if (problems.length > 0) throw new SpecError(problems);
  return actions;
}
