import { jsonpath } from "json-p3";
import { arrayAt, isObject, type JsonObject, objectAt, type Path, stringAt } from "openapi-contract";

/** A table in Markdown. Cells may contain Markdown, but line breaks become spaces. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Joins the parts of a page with empty lines, and omits empty parts. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

export const modelsFile = "models.md";

/** Describes a schema in a few words, with links to models. */
export function typeText(schema: JsonObject): string {
  const model = modelName(schema);
  if (model !== undefined) return `[${model}](${modelsFile}#${model.toLowerCase()})`;
  const choices = [...arrayAt(schema, "anyOf"), ...arrayAt(schema, "oneOf")].filter(isObject);
  if (choices.length > 0) return choices.map(typeText).join(", or ");
  if (schema["const"] !== undefined) return code(String(schema["const"]));
  const values = arrayAt(schema, "enum");
  if (values.length > 0) return values.map((value) => code(String(value))).join(", ");
  const type = stringAt(schema, "type") ?? "any value";
  if (type === "array") return `array of ${typeText(objectAt(schema, "items"))}`;
  const format = stringAt(schema, "format");
  if (format === "binary") return "bytes";
  if (format === "int64" && type === "string") return "64-bit number, as a string of digits";
  return format === undefined ? type : `${type} (${format})`;
}

/** Describes a schema with its bounds, pattern and default. */
export function boundedTypeText(schema: JsonObject): string {
  const { minimum, maximum, minLength, maxLength, pattern } = schema;
  const facts = [
    typeText(schema),
    range(minimum, maximum, ""),
    range(minLength, maxLength, " characters"),
    pattern === undefined ? "" : code(String(pattern)),
    schema["default"] === undefined ? "" : `default ${code(String(schema["default"]))}`,
  ];
  return facts.filter((fact) => fact !== "").join("; ");
}

function range(least: unknown, most: unknown, unit: string): string {
  if (least === undefined && most === undefined) return "";
  if (least === undefined) return `at most ${most}${unit}`;
  return most === undefined ? `at least ${least}${unit}` : `${least} to ${most}${unit}`;
}

function modelName(schema: JsonObject): string | undefined {
  return stringAt(schema, "$ref")?.replace(/^.*\//, "");
}

/** A correction of the documented contract, with its evidence. */
export interface Correction {
  readonly description: string;
  readonly evidence: string;
  /** The paths in the document to which it applies. */
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

/** A section with the corrections at or below one of `paths`; empty if there are none. */
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
