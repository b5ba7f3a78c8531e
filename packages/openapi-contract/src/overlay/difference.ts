import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, type Path } from "../document/json.js";

/** An action of an OpenAPI Overlay. */
export type OverlayAction =
  | { readonly target: string; readonly update: Json }
  | { readonly target: string; readonly remove: true };

/**
 * The actions that turn `before` into `after`, in their order. The order of members does not count.
 *
 * Objects are updated member by member. A list is appended to, or loses entries, where that is all that changed; lists of
 * the same length whose entries are objects are compared entry by entry; any other list is replaced.
 */
export function overlayActions(before: JsonObject, after: JsonObject): OverlayAction[] {
  return objectActions([], before, after);
}

function objectActions(path: Path, before: JsonObject, after: JsonObject): OverlayAction[] {
  const removed: OverlayAction[] = [];
  const update: JsonObject = {};
  const inner: OverlayAction[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, next] = [memberOf(before, name), memberOf(after, name)];
    if (isDeepStrictEqual(old, next)) continue;
    const place = [...path, name];
    const actions = old === undefined || next === undefined ? undefined : valueActions(place, old, next);
    if (actions !== undefined) inner.push(...actions);
    else {
      // A value is replaced by a value; everything else would be merged with what is there.
      const isReplaced = old !== undefined && isValue(old) && next !== undefined && isValue(next);
      if (old !== undefined && !isReplaced) removed.push({ target: jsonPath(place), remove: true });
      if (next !== undefined) update[name] = next;
    }
  }
  const updated = Object.keys(update).length === 0 ? [] : [{ target: jsonPath(path), update }];
  return [...removed, ...updated, ...inner];
}

function memberOf(owner: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(owner, name) ? owner[name] : undefined;
}

function isValue(value: Json): boolean {
  return value === null || typeof value !== "object";
}

/** How to change a value where it is; undefined when it has to be replaced. */
function valueActions(path: Path, before: Json, after: Json): OverlayAction[] | undefined {
  if (isObject(before) && isObject(after)) return objectActions(path, before, after);
  return Array.isArray(before) && Array.isArray(after) ? listActions(path, before, after) : undefined;
}

function listActions(
  path: Path,
  before: readonly Json[],
  after: readonly Json[],
): OverlayAction[] | undefined {
  const start = after.slice(0, before.length);
  if (isDeepStrictEqual(before, start))
    return [{ target: jsonPath(path), update: after.slice(before.length) }];
  if (before.length === after.length) return entryActions(path, before, after);
  return removals(path, before, after);
}

function entryActions(
  path: Path,
  before: readonly Json[],
  after: readonly Json[],
): OverlayAction[] | undefined {
  const actions: OverlayAction[] = [];
  for (const [index, old] of before.entries()) {
    const next = after[index] ?? null;
    if (isDeepStrictEqual(old, next)) continue;
    const inner = valueActions([...path, index], old, next);
    if (inner === undefined) return undefined;
    actions.push(...inner);
  }
  return actions;
}

/** The entries to remove, the last first, so that the indexes of the others stay; undefined when others are new. */
function removals(path: Path, before: readonly Json[], after: readonly Json[]): OverlayAction[] | undefined {
  const removed: OverlayAction[] = [];
  let kept = 0;
  for (const [index, entry] of before.entries()) {
    if (kept < after.length && isDeepStrictEqual(entry, after[kept])) kept++;
    else removed.unshift({ target: jsonPath([...path, index]), remove: true });
  }
  return kept === after.length ? removed : undefined;
}

/** A JSONPath (RFC 9535) that selects exactly this place. */
function jsonPath(path: Path): string {
  return `$${path.map(segment).join("")}`;
}

function segment(part: string | number): string {
  if (typeof part === "number") return `[${part}]`;
  if (/^[A-Za-z_]\w*$/.test(part)) return `.${part}`;
  const escaped = JSON.stringify(part).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `['${escaped}']`;
}
