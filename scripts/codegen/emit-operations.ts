import {
  isObject,
  type Json,
  type JsonObject,
  operationParameters,
  operationsOf,
  resolveReference,
} from "../spec/index.js";

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
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly body?: { readonly name: string; readonly contentType: string; readonly required: boolean };
  /** Documented success statuses; every other status is an error. */
  readonly success: readonly number[];
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
  const apiVersion = version === undefined ? undefined : singleValue(schemaOf(document, version));
  const body = isObject(operation["requestBody"])
    ? bodyEntry(resolveReference(document, operation["requestBody"]))
    : undefined;
  return {
    method: method.toUpperCase(),
    path: url,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    parameters: Object.fromEntries(
      parameters.map((parameter) => [String(parameter["name"]), parameterEntry(document, parameter)]),
    ),
    ...(body === undefined ? {} : { body }),
    success: successStatuses(operation),
  };
}

function parameterEntry(document: JsonObject, parameter: JsonObject): JsonObject {
  const schema = schemaOf(document, parameter);
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

/** The one type to read a text as: null and the second of two types are never sent as themselves. */
function typeName(type: Json | undefined): string {
  const named = [type ?? []].flat().filter((name) => name !== "null");
  return String(named[0] ?? "string");
}

function bodyEntry(body: JsonObject): JsonObject | undefined {
  const contentType = isObject(body["content"]) ? Object.keys(body["content"])[0] : undefined;
  if (contentType === undefined) return undefined;
  return { name: body["x-body-name"] ?? "body", contentType, required: body["required"] === true };
}

function successStatuses(operation: JsonObject): number[] {
  const statuses = isObject(operation["responses"]) ? Object.keys(operation["responses"]) : [];
  // A range stands for each of its statuses.
  const named = statuses.flatMap((status) =>
    status.toUpperCase() === "2XX"
      ? Array.from({ length: 100 }, (_, index) => 200 + index)
      : [Number(status)],
  );
  return [...new Set(named)].filter((status) => status >= 200 && status < 300);
}

function schemaOf(document: JsonObject, parameter: JsonObject): JsonObject {
  const { schema, content } = parameter;
  if (isObject(schema)) return resolveReference(document, schema);
  const [media] = isObject(content) ? Object.values(content) : [];
  return isObject(media) && isObject(media["schema"]) ? resolveReference(document, media["schema"]) : {};
}

function singleValue(schema: JsonObject): string | undefined {
  const listed = schema["enum"] ?? [schema["const"] ?? null];
  const [only] = Array.isArray(listed) && listed.length === 1 ? listed : [];
  return typeof only === "string" ? only : undefined;
}
