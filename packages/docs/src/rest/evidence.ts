import { jsonpath } from "json-p3";
import { arrayAt, isObject, type JsonObject, type Path, stringAt } from "openapi-contract";

/** A correction of the documented contract, and how somebody else can check it. */
export interface Correction {
  readonly description: string;
  readonly evidence: string;
  /** Where it applies, as names from the root of the document. */
  readonly places: readonly Path[];
}

export function readCorrections(document: JsonObject, overlay: JsonObject): readonly Correction[] {
  return arrayAt(overlay, "actions")
    .filter(isObject)
    .map((action) => ({
      description: stringAt(action, "description") ?? "",
      evidence: stringAt(action, "x-evidence") ?? "",
      places: jsonpath.query(stringAt(action, "target") ?? "", document).locations(),
    }));
}

/** The corrections at one of `paths` or below it, as a section of a page; nothing if there is none. */
export function evidenceText(
  corrections: readonly Correction[],
  paths: readonly Path[],
  level: string,
): string {
  const isHere = (place: Path) => paths.some((path) => path.every((name, index) => place[index] === name));
  const found = corrections.filter(({ places }) => places.some(isHere));
  if (found.length === 0) return "";
  const lines = found.map(
    ({ description, evidence }) => `- ${description}. Evidence: ${evidence.replaceAll("*", "\\*")}`,
  );
  return `${level} Beyond the documented contract\n\n${lines.join("\n")}`;
}
