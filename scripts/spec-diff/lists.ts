import { isDeepStrictEqual } from "node:util";
import { isObject, type Json } from "../spec/index.js";
import { type Change, change, differs, type Found, type Pair, type Place } from "./change.js";
import { listOf } from "./keywords.js";

/** Closed lists (`enum`) and open ones (`knownValues`) together, because a list can become the other kind. */
export function compareLists(closed: Pair, open: Pair, named: Pair, place: Place): Change[] {
  return [...compareKinds(closed, open, place), ...compareNamed(closed, open, named, place)];
}

/**
 * `x-ms-enum`: its modelAsString decides whether the list is open in the types, its other members decide nothing. Where
 * the list itself shows that it was opened or closed, that is said already.
 */
function compareNamed(closed: Pair, open: Pair, named: Pair, place: Place): Change[] {
  if (!differs(named)) return [];
  const isOpen = (found: Found | undefined) =>
    isObject(found?.value) && found.value["modelAsString"] === true;
  const [before, after] = [isOpen(named.old), isOpen(named.new)];
  if (before === after) return [change(place, "extension-changed", named, "x-ms-enum")];
  const shown = (closed.old && open.new) || (open.old && closed.new);
  return shown ? [] : [change(place, after ? "enum-opened" : "enum-closed", named)];
}

function compareKinds(closed: Pair, open: Pair, place: Place): Change[] {
  if (closed.old !== undefined && open.new !== undefined) {
    const opened = { old: closed.old, new: open.new };
    return [change(place, "enum-opened", opened), ...compareValues(opened, place, "known-value")];
  }
  if (open.old !== undefined && closed.new !== undefined) {
    const narrowed = { old: open.old, new: closed.new };
    return [change(place, "enum-closed", narrowed), ...compareValues(narrowed, place, "known-value")];
  }
  return [...compareList(closed, place, "enum-value"), ...compareList(open, place, "known-value")];
}

function compareList(pair: Pair, place: Place, kind: "enum-value" | "known-value"): Change[] {
  if (pair.old === undefined && pair.new === undefined) return [];
  if (pair.old !== undefined && pair.new !== undefined) return compareValues(pair, place, kind);
  if (kind === "known-value") {
    // Any text was and is allowed; only what an editor offers differs.
    return compareValues(pair, place, kind);
  }
  return [change(place, pair.old === undefined ? "enum-added" : "enum-removed", pair)];
}

function compareValues(pair: Pair, place: Place, kind: "enum-value" | "known-value"): Change[] {
  const [before, after] = [listOf(pair.old?.value ?? []), listOf(pair.new?.value ?? [])];
  const path = (pair.new ?? pair.old)?.path ?? [];
  const removed = before.filter((value) => !has(after, value));
  const added = after.filter((value) => !has(before, value));
  return [
    ...removed.map((value) =>
      change(place, `${kind}-removed`, { old: { value, path: pair.old?.path ?? path } }),
    ),
    ...added.map((value) =>
      change(place, `${kind}-added`, { new: { value, path: [...path, after.indexOf(value)] } }),
    ),
  ];
}

function has(values: readonly Json[], value: Json): boolean {
  return values.some((each) => isDeepStrictEqual(each, value));
}
