import { isObject, type Json, type JsonObject, type Path } from "./json.js";

/**
 * Where in a Swagger 2.0 or OpenAPI 3 document structure is. Only a walk by kind of object tells a schema or a reference
 * from an example, a default or an extension that looks like one.
 */
export type Kind =
  | "document"
  | "components"
  | "paths"
  | "pathItem"
  | "operation"
  | "parameter"
  | "header"
  | "body"
  | "responses"
  | "response"
  | "media"
  | "encoding"
  | "example"
  | "link"
  | "schema"
  | "callback"
  | "securityScheme"
  | "host";

type Shape = "one" | "map" | "list";
type Members = Readonly<Record<string, readonly [Shape, Kind]>>;

/** Keywords of JSON Schema whose value is a schema, a list of schemas, or schemas by name. */
export const schemaMembers: Readonly<Record<string, Shape>> = {
  properties: "map",
  patternProperties: "map",
  dependentSchemas: "map",
  $defs: "map",
  additionalProperties: "one",
  unevaluatedProperties: "one",
  propertyNames: "one",
  items: "one",
  unevaluatedItems: "one",
  contains: "one",
  contentSchema: "one",
  not: "one",
  if: "one",
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: "one",
  else: "one",
  allOf: "list",
  anyOf: "list",
  oneOf: "list",
  prefixItems: "list",
};

const operation = ["one", "operation"] as const;
const value: Members = {
  schema: ["one", "schema"],
  content: ["map", "media"],
  examples: ["map", "example"],
};

const members: Readonly<Record<Kind, Members>> = {
  document: {
    paths: ["one", "paths"],
    "x-ms-paths": ["one", "paths"],
    webhooks: ["map", "pathItem"],
    components: ["one", "components"],
    definitions: ["map", "schema"],
    parameters: ["map", "parameter"],
    responses: ["map", "response"],
    "x-ms-parameterized-host": ["one", "host"],
  },
  components: {
    schemas: ["map", "schema"],
    responses: ["map", "response"],
    parameters: ["map", "parameter"],
    requestBodies: ["map", "body"],
    headers: ["map", "header"],
    examples: ["map", "example"],
    links: ["map", "link"],
    callbacks: ["map", "callback"],
    securitySchemes: ["map", "securityScheme"],
    pathItems: ["map", "pathItem"],
    mediaTypes: ["map", "media"],
  },
  paths: {},
  pathItem: {
    parameters: ["list", "parameter"],
    get: operation,
    put: operation,
    post: operation,
    delete: operation,
    options: operation,
    head: operation,
    patch: operation,
    trace: operation,
    query: operation,
    additionalOperations: ["map", "operation"],
  },
  operation: {
    parameters: ["list", "parameter"],
    requestBody: ["one", "body"],
    responses: ["one", "responses"],
    callbacks: ["map", "callback"],
  },
  parameter: value,
  header: value,
  body: { content: ["map", "media"] },
  responses: {},
  response: {
    schema: ["one", "schema"],
    headers: ["map", "header"],
    content: ["map", "media"],
    links: ["map", "link"],
  },
  media: {
    schema: ["one", "schema"],
    itemSchema: ["one", "schema"],
    examples: ["map", "example"],
    encoding: ["map", "encoding"],
    prefixEncoding: ["list", "encoding"],
    itemEncoding: ["one", "encoding"],
  },
  encoding: { headers: ["map", "header"] },
  example: {},
  link: {},
  schema: Object.fromEntries(Object.entries(schemaMembers).map(([name, shape]) => [name, [shape, "schema"]])),
  callback: {},
  securityScheme: {},
  host: { parameters: ["list", "parameter"] },
};

/** Objects whose members all have one kind, but for extensions. */
const uniform: Partial<Readonly<Record<Kind, Kind>>> = {
  paths: "pathItem",
  responses: "response",
  callback: "pathItem",
};

/** The kind of the members of the map that an object of `kind` has below `name`; undefined if it has none there. */
export function mapKind(kind: Kind, name: string): Kind | undefined {
  const [shape, inner] = (Object.hasOwn(members[kind], name) ? members[kind][name] : undefined) ?? [];
  if (shape === "one" && inner !== undefined) return uniform[inner];
  return shape === "map" ? inner : undefined;
}

/** What a part becomes. Undefined leaves it out. */
export type ConvertPart = (part: Json, kind: Kind, path: Path) => Json | undefined;
/** Told of something that has not the form that its place asks for. */
export type OnMisshapen = (path: Path, expected: "an object" | "an array") => void;

/** A copy of `object` with every part of the structure directly inside it replaced by what `convert` makes of it. */
export function mapParts(
  object: JsonObject,
  kind: Kind,
  convert: ConvertPart,
  path: Path,
  onMisshapen: OnMisshapen = () => undefined,
): JsonObject {
  const every = uniform[kind];
  return compact(object, (value, name): Json | undefined => {
    const place = [...path, name];
    if (every !== undefined) return name.startsWith("x-") ? value : convert(value, every, place);
    const [shape, inner] = (Object.hasOwn(members[kind], name) ? members[kind][name] : undefined) ?? [];
    if (shape === undefined || inner === undefined) return value;
    const convertList = (list: Json[]) =>
      list.flatMap((item, index) => convert(item, inner, [...place, index]) ?? []);
    // Before 2020-12 `items` could be a list.
    const isTuple = kind === "schema" && name === "items";
    if (shape === "one")
      return Array.isArray(value) && isTuple ? convertList(value) : convert(value, inner, place);
    if (value === null) return undefined;
    // Some languages write an empty map like an empty list.
    if (shape === "map" && Array.isArray(value) && value.length === 0) return {};
    if (shape === "list" && Array.isArray(value)) return convertList(value);
    if (shape === "map" && isObject(value))
      return compact(value, (item, key) => convert(item, inner, [...place, key]));
    onMisshapen(place, shape === "list" ? "an array" : "an object");
    return undefined;
  });
}

function compact(source: JsonObject, convert: (value: Json, name: string) => Json | undefined): JsonObject {
  return Object.fromEntries(
    Object.entries(source).flatMap(([name, value]): [string, Json][] => {
      const converted = convert(value, name);
      return converted === undefined ? [] : [[name, converted]];
    }),
  );
}

/** Visits every object of the structure of `root`, parents first, and nothing that is data. */
export function walkStructure(
  root: JsonObject,
  visit: (object: JsonObject, kind: Kind, path: Path) => void,
  kind: Kind = "document",
): void {
  const enter: ConvertPart = (part, inner, path) => {
    if (!isObject(part)) return part;
    visit(part, inner, path);
    mapParts(part, inner, enter, path);
    return part;
  };
  enter(root, kind, []);
}
