import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from "openapi-contract";
import { code } from "./markdown.js";

export const modelsFile = "models.md";

/** A schema in a few words, with a link to each model in it. */
export function typeText(schema: JsonObject): string {
  const model = modelName(schema);
  if (model !== undefined) return `[${model}](${modelsFile}#${model.toLowerCase()})`;
  const choices = arrayAt(schema, "anyOf").filter(isObject);
  if (choices.length > 0) return choices.map(typeText).join(", or ");
  const values = arrayAt(schema, "enum");
  if (values.length > 0) return values.map((value) => code(String(value))).join(", ");
  const type = stringAt(schema, "type") ?? "any value";
  if (type === "array") return `array of ${typeText(objectAt(schema, "items"))}`;
  const format = stringAt(schema, "format");
  if (format === "binary") return "bytes";
  if (format === "int64" && type === "string") return "64-bit number, as a string of digits";
  return format === undefined ? type : `${type} (${format})`;
}

/** A schema in a few words, and what else a value has to be: bounds, a pattern, a default. */
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
