import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import ts from "typescript";
import {
  isObject,
  type Json,
  type JsonObject,
  mapValues,
  type Path,
  referencePath,
} from "../document/json.js";
import { mapInnerSchemas, mapSchemas } from "../document/schemas.js";

const { factory } = ts;

/** The schema types of a document, by openapi-typescript, with two meanings it does not know. */
export async function emitTypes(document: JsonObject): Promise<string> {
  const copy = forTypes(hoistDefinitions(document));
  if (!isOpenApi3(copy)) throw new Error("types are made from OpenAPI 3 documents only");
  const nodes = await openapiTS(copy, {
    silent: true,
    // A default is what the server assumes, not what a caller must write.
    defaultNonNullable: false,
    // An object nobody describes may hold anything; the other reading is that it is empty.
    emptyObjectsUnknown: true,
    transform: (schema) => (isBinary(schema) ? bytes() : openEnum(schema)),
  });
  return astToString(nameRecursiveTypes(nodes));
}

/**
 * A copy without what types are not made from. Discriminators are among it: the types that they tell apart have their
 * constants already, and openapi-typescript would write them a second time, in another way.
 */
function forTypes(document: JsonObject): JsonObject {
  const strip = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(strip);
    if (!isObject(value)) return value;
    const kept = Object.entries(withSchema(value)).filter(
      ([name, member]) => name !== "x-ms-examples" && !(name === "discriminator" && isDiscriminator(member)),
    );
    return Object.fromEntries(kept.map(([name, member]) => [name, strip(member)]));
  };
  return mapValues(document, strip);
}

/** A parameter that has its schema below a content type is taken for a text otherwise. */
function withSchema(value: JsonObject): JsonObject {
  const { name, in: place, content } = value;
  if (typeof name !== "string" || typeof place !== "string" || !isObject(content)) return value;
  const [media] = Object.values(content);
  return isObject(media) && isObject(media["schema"]) ? { ...value, schema: media["schema"] } : value;
}

function isDiscriminator(value: Json): boolean {
  return isObject(value) && typeof value["propertyName"] === "string";
}

/** The pipeline has validated the document against the official schema before it comes here. */
function isOpenApi3(document: JsonObject): document is JsonObject & OpenAPI3 {
  return String(document["openapi"]).startsWith("3.");
}

function isBinary(schema: object): boolean {
  return "format" in schema && schema.format === "binary";
}

function bytes(): ts.TypeNode {
  const types = ["Blob", "Uint8Array"].map((name) => factory.createTypeReferenceNode(name));
  return factory.createUnionTypeNode(types);
}

/** `"A" | "B" | (string & {})`: an editor offers the known values, the compiler lets every other text pass. */
function openEnum(schema: object): ts.TypeNode | undefined {
  if (!("x-ms-enum" in schema) || !("anyOf" in schema) || !Array.isArray(schema.anyOf)) return undefined;
  const [listed] = schema.anyOf;
  const known = listed?.enum;
  if (!Array.isArray(known) || !known.every((value) => typeof value === "string")) return undefined;
  const literals = known.map((value) => factory.createLiteralTypeNode(factory.createStringLiteral(value)));
  const anyText = factory.createIntersectionTypeNode([
    factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword),
    factory.createTypeLiteralNode([]),
  ]);
  return factory.createUnionTypeNode([...literals, factory.createParenthesizedType(anyText)]);
}

/**
 * Makes the `$defs` of schemas components of their own, and references follow. They are no part of a value, but types are
 * made of everything that stands in a schema.
 */
function hoistDefinitions(document: JsonObject): JsonObject {
  const components = isObject(document["components"]) ? document["components"] : {};
  const schemas = isObject(components["schemas"]) ? components["schemas"] : {};
  const taken = new Set(Object.keys(schemas));
  const moved: { path: Path; name: string }[] = [];
  const hoisted: JsonObject = {};

  const visit = (schema: Json, path: Path): Json => {
    if (!isObject(schema)) return schema;
    const { $defs, ...rest } = mapInnerSchemas(schema, visit, path);
    for (const [wanted, definition] of Object.entries(isObject($defs) ? $defs : {})) {
      const name = freeName(wanted, taken);
      moved.push({ path: [...path, "$defs", wanted], name });
      hoisted[name] = definition;
    }
    return rest;
  };
  const stripped = mapSchemas(document, visit);
  if (moved.length === 0) return document;
  const own = isObject(stripped["components"]) ? stripped["components"] : {};
  const all = { ...(isObject(own["schemas"]) ? own["schemas"] : {}), ...hoisted };
  return redirected({ ...stripped, components: { ...own, schemas: all } }, moved);
}

function freeName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}${number}`;
  taken.add(name);
  return name;
}

function redirected(document: JsonObject, moved: readonly { path: Path; name: string }[]): JsonObject {
  const follow = (reference: string): string => {
    const parts = referencePath(reference) ?? [];
    const target = moved.findLast(({ path }) => path.every((part, index) => String(part) === parts[index]));
    if (target === undefined) return reference;
    const rest = reference.split("/").slice(target.path.length + 1);
    return ["#/components/schemas", target.name, ...rest].join("/");
  };
  const rewrite = (value: Json, name: string): Json => {
    if (Array.isArray(value)) return value.map((item) => rewrite(item, ""));
    if (isObject(value)) return mapValues(value, rewrite);
    return name === "$ref" && typeof value === "string" ? follow(value) : value;
  };
  return mapValues(document, rewrite);
}

/**
 * Gives every schema that reaches itself without passing through an object (`Json = string | Json[]`) a type alias of its
 * own, `RecursiveJson`, which `components["schemas"]["Json"]` then refers to. Written inside the interface, the compiler
 * takes such a type for a property that is referenced in its own annotation; only an alias may wait for its elements.
 */
function nameRecursiveTypes(nodes: readonly ts.Node[]): ts.Node[] {
  const members = schemaMembers(nodes);
  const uses = new Map([...members].map(([name, { type }]) => [name, immediateUses(type)]));
  const recursive = [...members.keys()].filter((name) => reaches(name, name, uses));
  if (recursive.length === 0) return [...nodes];
  const aliases = aliasNames(recursive);
  const bodies = recursive.flatMap((name) => {
    const type = members.get(name)?.type;
    return type === undefined ? [] : [aliasOf(aliases.get(name) ?? name, withAliases(type, aliases))];
  });
  const isRenamed = new Map(recursive.map((name) => [members.get(name), aliases.get(name) ?? name]));
  const renamed = nodes.map((node) =>
    rewritten(node, (inner) => {
      const alias = ts.isPropertySignature(inner) ? isRenamed.get(inner) : undefined;
      if (alias === undefined || !ts.isPropertySignature(inner)) return undefined;
      const { modifiers, name, questionToken } = inner;
      return factory.updatePropertySignature(inner, modifiers, name, questionToken, referenceTo(alias));
    }),
  );
  return [...renamed, ...bodies];
}

/** The members of `components["schemas"]`, by name. */
function schemaMembers(nodes: readonly ts.Node[]): Map<string, ts.PropertySignature> {
  const members = nodes
    .filter((node) => ts.isInterfaceDeclaration(node))
    .filter((node) => node.name.text === "components")
    .flatMap((node) => signatures(node.members))
    .filter((member) => nameOf(member) === "schemas")
    .flatMap(({ type }) =>
      type !== undefined && ts.isTypeLiteralNode(type) ? signatures(type.members) : [],
    );
  return new Map(members.map((member) => [nameOf(member) ?? "", member]));
}

function signatures(members: readonly ts.TypeElement[]): ts.PropertySignature[] {
  return members.filter((member) => ts.isPropertySignature(member));
}

function nameOf({ name }: ts.PropertySignature): string | undefined {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)
    ? name.text
    : undefined;
}

/** The schemas that `type` names outside of objects: what is inside those is looked at when it is needed. */
function immediateUses(type: ts.Node | undefined, found = new Set<string>()): Set<string> {
  if (type === undefined || ts.isTypeLiteralNode(type)) return found;
  const schema = referredSchema(type);
  if (schema === undefined) ts.forEachChild(type, (inner) => void immediateUses(inner, found));
  else found.add(schema);
  return found;
}

/** X, if `node` is `components["schemas"]["X"]`. */
function referredSchema(node: ts.Node): string | undefined {
  if (!ts.isIndexedAccessTypeNode(node) || !ts.isIndexedAccessTypeNode(node.objectType)) return undefined;
  const { objectType: root, indexType: group } = node.objectType;
  const isSchema =
    textOf(group) === "schemas" &&
    ts.isTypeReferenceNode(root) &&
    ts.isIdentifier(root.typeName) &&
    root.typeName.text === "components";
  return isSchema ? textOf(node.indexType) : undefined;
}

function textOf(node: ts.TypeNode): string | undefined {
  return ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) ? node.literal.text : undefined;
}

function reaches(from: string, to: string, uses: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const reached = new Set(uses.get(from));
  // A set is walked in the order of insertion, additions included.
  for (const name of reached) for (const next of uses.get(name) ?? []) reached.add(next);
  return reached.has(to);
}

/** Names of schemas need not be names in TypeScript, and two may become one. */
function aliasNames(names: readonly string[]): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const name of names) {
    const wanted = `Recursive${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
    const taken = new Set(aliases.values());
    let free = wanted;
    for (let number = 2; taken.has(free); number++) free = `${wanted}${number}`;
    aliases.set(name, free);
  }
  return aliases;
}

function aliasOf(name: string, type: ts.TypeNode): ts.Node {
  const exported = [factory.createModifier(ts.SyntaxKind.ExportKeyword)];
  return factory.createTypeAliasDeclaration(exported, name, undefined, type);
}

function referenceTo(alias: string): ts.TypeNode {
  return factory.createTypeReferenceNode(alias);
}

/** `type`, naming aliases directly: through the interface they would be a circle again. */
function withAliases(type: ts.TypeNode, aliases: ReadonlyMap<string, string>): ts.TypeNode {
  const aliasFor = (node: ts.Node) => {
    const alias = aliases.get(referredSchema(node) ?? "");
    return alias === undefined ? undefined : referenceTo(alias);
  };
  return aliasFor(type) ?? rewritten(type, aliasFor);
}

/** `node` with everything in it replaced for which `replace` has something else. */
function rewritten<T extends ts.Node>(node: T, replace: (node: ts.Node) => ts.Node | undefined): T {
  const result = ts.transform(node, [
    (context) => (root) => {
      const visit = (inner: ts.Node): ts.Node => replace(inner) ?? ts.visitEachChild(inner, visit, context);
      return ts.visitEachChild(root, visit, context);
    },
  ]);
  const [transformed] = result.transformed;
  return transformed ?? node;
}
