import { type JsonObject, objectAt } from "../document/json.js";
import { DocumentTypes, schemasOf } from "./document-types.js";
import { KnownValues } from "./known-values.js";
import { SchemaTypes } from "./schema-types.js";
import { type Member, type OpenEnums, objectOf } from "./type-text.js";
import { Variants } from "./variants.js";

/**
 * The types of an OpenAPI 3.1 document: `paths`, `webhooks`, `components` and `operations`, in the form that openapi-fetch
 * and other clients read. Written as text, since loading a compiler and its printer takes longer than all the rest.
 */
export function emitTypes(document: JsonObject, openEnums: OpenEnums = "listed"): string {
  const variants = new Variants(document);
  const known = new KnownValues();
  const first = new SchemaTypes(document, variants, { openEnums, known });
  const aliases = recursiveTypes(document, variants, first);
  const schemas =
    aliases.size === 0 ? first : new SchemaTypes(document, variants, { openEnums, known, aliases });
  const emitter = new DocumentTypes(document, schemas);
  const parts = [
    `export interface paths ${emitter.pathItems(objectAt(document, "paths"), "paths").text}\n`,
    webhooksOf(document, emitter),
    `export interface components ${emitter.components(variants).text}\n`,
    "export type $defs = Record<string, never>;\n",
    operationsText(emitter.operations()),
    ...emitter.aliases(variants),
    ...[...known.lists.values()].map(
      ({ name, type }) =>
        `/** The values that are known today. A server may send others, so the properties are of type string or number. */\nexport type ${name} = ${type.text};\n`,
    ),
  ];
  return parts.join("");
}

function webhooksOf(document: JsonObject, emitter: DocumentTypes): string {
  const webhooks = objectAt(document, "webhooks");
  return Object.keys(webhooks).length === 0
    ? "export type webhooks = Record<string, never>;\n"
    : `export interface webhooks ${emitter.pathItems(webhooks, "webhooks").text}\n`;
}

function operationsText(members: readonly Member[]): string {
  return members.length === 0
    ? "export type operations = Record<string, never>;\n"
    : `export interface operations ${objectOf(members, "").text}\n`;
}

/**
 * The schemas that reach themselves without passing through an object (`Json = string | Json[]`), with names of type
 * aliases for them. Written inside the interface, the compiler takes such a type for a property that is referenced in its
 * own annotation; only an alias may wait for its elements.
 */
function recursiveTypes(document: JsonObject, variants: Variants, schemas: SchemaTypes): Map<string, string> {
  const uses = new Map<string, Set<string>>();
  for (const [name, schema] of schemasOf(document)) {
    for (const { name: form, direction } of variants.formsOf(name)) {
      schemas.uses.clear();
      schemas.of(schema, { direction, indent: "" });
      uses.set(form, new Set(schemas.uses));
    }
  }
  const recursive = [...uses.keys()].filter((name) => {
    const reached = new Set(uses.get(name));
    // A set is walked in the order of insertion, additions included.
    for (const each of reached) for (const next of uses.get(each) ?? []) reached.add(next);
    return reached.has(name);
  });
  const aliases = new Map<string, string>();
  for (const name of recursive) {
    const wanted = `Recursive${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    const taken = new Set(aliases.values());
    let free = wanted;
    for (let number = 2; taken.has(free); number++) free = `${wanted}${number}`;
    aliases.set(name, free);
  }
  return aliases;
}
