import { arrayAt, isObject, type JsonObject, objectAt, stringAt } from "openapi-contract";
import { type Correction, evidenceText } from "./evidence.js";
import { code, paragraphs, table } from "./markdown.js";
import { boundedTypeText, typeText } from "./type-text.js";

/** Everything that bodies consist of. */
export function modelsPage(document: JsonObject, corrections: readonly Correction[]): string {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  const sections = Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, schema]) => (isObject(schema) ? [modelSection(name, schema, corrections)] : []));
  return paragraphs("# Models", "Names and strings are those on the wire.", ...sections);
}

function modelSection(name: string, schema: JsonObject, corrections: readonly Correction[]): string {
  const properties = Object.entries(objectAt(schema, "properties"));
  const required = new Set(arrayAt(schema, "required"));
  const rows = properties.flatMap(([property, value]) =>
    isObject(value) ? [propertyRow(property, value, required.has(property))] : [],
  );
  return paragraphs(
    `## ${name}`,
    stringAt(schema, "description") ?? "",
    rows.length === 0 ? `${typeText(schema)}.` : table(["property", "type", "meaning"], rows),
    evidenceText(corrections, [["components", "schemas", name]], "###"),
  );
}

function propertyRow(name: string, schema: JsonObject, isRequired: boolean): readonly string[] {
  return [
    isRequired ? code(name) : `${code(name)}, may be missing`,
    boundedTypeText(schema),
    stringAt(schema, "description") ?? "",
  ];
}
