import { isObject } from "../spec/index.js";
import { type Change, change, differs, type Found, type Pair, type Place } from "./change.js";
import type { Parameter } from "./parameters.js";

/** The one api-version an operation is written for; a parameter with a choice of versions belongs to the caller. */
export function fixedApiVersion(parameters: ReadonlyMap<string, Parameter>): Found | undefined {
  const parameter = parameters.get("api-version");
  const schema = parameter?.value["schema"];
  if (parameter === undefined || !isObject(schema)) return undefined;
  const listed = schema["const"] === undefined ? schema["enum"] : [schema["const"]];
  if (!Array.isArray(listed) || listed.length !== 1 || listed[0] === undefined) return undefined;
  return { value: listed[0], path: parameter.path };
}

/** A higher version is refused by every cluster below it; a lower one is known to all that knew the higher one. */
export function compareVersions(pair: Pair, place: Place): Change[] {
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
