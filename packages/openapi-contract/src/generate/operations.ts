import {
  operationParameters,
  operationsOf,
  parameterKey,
  resolveReference,
  typeName,
  valueSchema,
} from "../document/document.js";
import { isObject, type Json, type JsonObject, type Path } from "../document/json.js";

const declarations = `/** What a request parameter may hold. Limits include their ends. */
export interface Parameter {
  readonly in: "query" | "path" | "header" | "cookie";
  readonly required: boolean;
  readonly type: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
}

/** One operation of the API, as far as sending and routing requests needs to know it. */
export interface Operation {
  readonly method: string;
  /** The URL template; \`{name}\` stands for the path parameter of that name. */
  readonly path: string;
  /** The only api-version the operation is documented for. */
  readonly apiVersion?: string;
  /** By name; where one name stands in two places, by both: \`path:id\` and \`query:id\`. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly body?: {
    readonly name: string;
    /** The one to send: JSON, if the operation takes it. */
    readonly contentType: string;
    /** All that the operation takes, where it takes several. */
    readonly contentTypes?: readonly string[];
    readonly required: boolean;
  };
  /**
   * Documented success statuses; every other status is an error. \`"2XX"\` stands for each one from 200 to 299: where the
   * document says so, and where it documents only a default response.
   */
  readonly success: readonly (number | "2XX")[];
}
`;

/** The operation table: what the schema types know only at compile time, as data. */
export function emitOperations(document: JsonObject): string {
  const table = Object.fromEntries(
    operationsOf(document).map(({ operation, pathItem, url, method }) => [
      String(operation["operationId"]),
      operationEntry(document, { operation, pathItem, url, method }),
    ]),
  );
  return `${declarations}
export const operations = ${JSON.stringify(table, null, 2)} as const satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof operations;
`;
}

interface Found {
  readonly operation: JsonObject;
  readonly pathItem: JsonObject;
  readonly url: string;
  readonly method: string;
}

function operationEntry(document: JsonObject, { operation, pathItem, url, method }: Found): JsonObject {
  const parameters = operationParameters(document, pathItem, operation);
  const version = parameters.find((parameter) => parameter["name"] === "api-version");
  const apiVersion = version === undefined ? undefined : singleValue(valueSchema(document, version));
  const body = isObject(operation["requestBody"])
    ? bodyEntry(resolveReference(document, operation["requestBody"]))
    : undefined;
  return {
    method: method.toUpperCase(),
    path: url,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    parameters: Object.fromEntries(
      parameters.map((parameter) => [
        parameterKey(parameter, parameters),
        parameterEntry(document, parameter),
      ]),
    ),
    ...(body === undefined ? {} : { body }),
    success: successStatuses(operation),
  };
}

function parameterEntry(document: JsonObject, parameter: JsonObject): JsonObject {
  const schema = valueSchema(document, parameter);
  const entry: JsonObject = {
    in: parameter["in"] ?? "query",
    required: parameter["required"] === true,
    type: typeName(schema["type"]),
  };
  for (const name of ["format", "minimum", "maximum", "pattern", "maxLength", "enum"]) {
    if (schema[name] !== undefined) entry[name] = schema[name];
  }
  return entry;
}

function bodyEntry(body: JsonObject): JsonObject | undefined {
  const contentTypes = isObject(body["content"]) ? Object.keys(body["content"]) : [];
  const contentType = contentTypes.find((type) => type.includes("json")) ?? contentTypes[0];
  if (contentType === undefined) return undefined;
  return {
    name: body["x-body-name"] ?? "body",
    contentType,
    ...(contentTypes.length > 1 ? { contentTypes } : {}),
    required: body["required"] === true,
  };
}

const anySuccess = "2XX";

function successStatuses(operation: JsonObject): (number | string)[] {
  const statuses = isObject(operation["responses"]) ? Object.keys(operation["responses"]) : [];
  const success = statuses.flatMap((status): (number | string)[] => {
    if (status.toUpperCase() === anySuccess) return [anySuccess];
    return /^2\d\d$/.test(status) ? [Number(status)] : [];
  });
  // An operation that documents nothing but `default` succeeds with that too.
  return success.length === 0 && statuses.includes("default") ? [anySuccess] : success;
}

function singleValue(schema: JsonObject): string | undefined {
  const listed = schema["enum"] ?? [schema["const"] ?? null];
  const [only] = Array.isArray(listed) && listed.length === 1 ? listed : [];
  return typeof only === "string" ? only : undefined;
}

/**
 * The OpenAPI 3.1 document as a module: importing it needs neither JSON import attributes nor a file system. The text
 * is parsed only by who imports it, and is one type to the compiler instead of thousands of literals.
 */
export function emitDocument(document: JsonObject, comment: string): string {
  return `/** ${comment} */
export const openapi: { readonly [name: string]: unknown } = ${documentText(document)};
`;
}

/** JSON with a line for each member, but only one line for an example: trees in them would be mostly indentation. */
function documentText(value: Json, indent = "", name = ""): string {
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((item) => documentText(item, inner))
    : isObject(value)
      ? Object.entries(value).map(([key, member]) => {
          const text = name === "x-ms-examples" ? JSON.stringify(member) : documentText(member, inner, key);
          return `${JSON.stringify(key)}: ${text}`;
        })
      : [];
  if (lines.length === 0) return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${indent}${close}`;
}

/** The examples as TypeScript, by operation and title, so that the compiler holds each one to the generated types. */
export function emitExamples(document: JsonObject): string {
  const groups = operationsOf(document).flatMap(({ operation }) => {
    const examples = operation["x-ms-examples"];
    if (!isObject(examples)) return [];
    const id = JSON.stringify(operation["operationId"]);
    const entries = Object.entries(examples).map(([title, example]) => {
      const text = JSON.stringify(example, null, 2).replaceAll("\n", "\n    ");
      return `    ${JSON.stringify(title)}: ${text} satisfies Example<${id}>,\n`;
    });
    return [`  ${id}: {\n${entries.join("")}  },\n`];
  });
  return `import type { Example } from "../example.js";

/** Every example of the specification, by operation and title. */
export const examples = {
${groups.join("")}};
`;
}

/** The places of operations below webhooks and callbacks. */
export function unemittedOperations(document: JsonObject): Path[] {
  const components = isObject(document["components"]) ? document["components"] : {};
  const callbacks = operationsOf(document).flatMap(({ operation, path }) =>
    callbackOperations(operation["callbacks"], [...path, "callbacks"]),
  );
  return [
    ...methodsBelow(document["webhooks"], ["webhooks"]),
    ...callbacks,
    ...callbackOperations(components["callbacks"], ["components", "callbacks"]),
  ];
}

function callbackOperations(callbacks: unknown, path: Path): Path[] {
  return entries(callbacks).flatMap(([name, callback]) => methodsBelow(callback, [...path, name]));
}

/** Path items by any name: those of webhooks have none that begins with a slash. */
function methodsBelow(items: unknown, path: Path): Path[] {
  return entries(items).flatMap(([name, item]) =>
    name.startsWith("x-")
      ? []
      : operationsOf({ paths: { "/": item } }).map(({ method }) => [...path, name, method]),
  );
}

function entries(value: unknown) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
