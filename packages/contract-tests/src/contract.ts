import {
  isObject,
  type Json,
  type JsonObject,
  operationParameters,
  operationsOf,
  resolveReference,
} from "@sf-image-store/scripts/spec";
import { Ajv2020 } from "ajv/dist/2020.js";
import { explain } from "./explain.js";
import { addOpenApiFormats } from "./formats.js";
import { StrictSchemas } from "./strict-schema.js";
import type { Violation } from "./violation.js";

/** Checks a value; `pointer` says where it stands. */
export type Check = (value: unknown, pointer: string) => Violation[];

export interface ParameterContract {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly type: string;
  readonly check: Check;
}

export interface BodyContract {
  /** The name that an example gives the body among the parameters. */
  readonly name: string;
  readonly required: boolean;
  readonly contentType: string;
  readonly check: Check;
}

export interface ResponseContract {
  /** Undefined: the answer has no body. */
  readonly contentType: string | undefined;
  readonly check: Check;
}

export interface OperationContract {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly ParameterContract[];
  readonly body: BodyContract | undefined;
  /** By status, `2XX`-like range or `default`. */
  readonly responses: ReadonlyMap<string, ResponseContract>;
}

/** The operations of a contract, by id. */
export type Contract = ReadonlyMap<string, OperationContract>;

/** Prepares an OpenAPI 3.1 document for checking. */
export function compileContract(document: JsonObject): Contract {
  const compile = schemaCompiler(document);
  return new Map(
    operationsOf(document).map(({ operation, pathItem, url, method }) => {
      const id = String(operation["operationId"]);
      const parameters = operationParameters(document, pathItem, operation);
      const body = isObject(operation["requestBody"])
        ? resolveReference(document, operation["requestBody"])
        : undefined;
      const responses = isObject(operation["responses"]) ? Object.entries(operation["responses"]) : [];
      const contract: OperationContract = {
        id,
        method: method.toUpperCase(),
        path: url,
        parameters: [
          ...parameters.map((parameter) => parameterContract(document, parameter, compile)),
          ...hostParameters(document, operation, compile),
        ],
        body: body === undefined ? undefined : bodyContract(body, compile),
        responses: new Map(
          responses.map(([status, response]) => [
            status,
            responseContract(resolved(document, response), compile),
          ]),
        ),
      };
      return [id, contract];
    }),
  );
}

type Compile = (schema: Json) => Check;

function schemaCompiler(document: JsonObject): Compile {
  // The document has been validated, schemas and all; formats that nobody knows say nothing.
  const options = {
    allErrors: true,
    verbose: true,
    strict: false,
    validateSchema: false,
    logger: false,
  } as const;
  const ajv = new Ajv2020(options);
  addOpenApiFormats(ajv);
  const strict = new StrictSchemas(document, (schema, id) => ajv.addSchema(schema, id));
  return (schema) => {
    // Compiled on first use: a document of 250 operations has a thousand schemas, a run needs a few.
    let validate: ReturnType<Ajv2020["compile"]> | undefined;
    return (value, pointer) => {
      validate ??= ajv.compile(strict.closed(schema));
      return validate(value) ? [] : explain(validate.errors ?? [], pointer);
    };
  };
}

function parameterContract(document: JsonObject, parameter: JsonObject, compile: Compile): ParameterContract {
  const schema = parameter["schema"] ?? mediaOf(parameter)?.schema ?? {};
  return {
    name: String(parameter["name"]),
    in: String(parameter["in"]),
    required: parameter["required"] === true,
    type: typeName(resolved(document, schema)["type"]),
    check: compile(schema),
  };
}

/** The one type to read a text as. */
function typeName(type: Json | undefined): string {
  return String([type ?? []].flat().filter((name) => name !== "null")[0]);
}

/** What an example may give to fill in the host. */
function hostParameters(document: JsonObject, operation: JsonObject, compile: Compile): ParameterContract[] {
  const [server] = [operation["servers"] ?? document["servers"] ?? []].flat();
  const variables = isObject(server) && isObject(server["variables"]) ? server["variables"] : {};
  return Object.keys(variables).map((name) => ({
    name,
    in: "host",
    required: false,
    type: "string",
    check: compile({ type: "string" }),
  }));
}

function bodyContract(body: JsonObject, compile: Compile): BodyContract | undefined {
  const media = mediaOf(body);
  if (media === undefined) return undefined;
  return {
    name: String(body["x-body-name"] ?? "body"),
    required: body["required"] === true,
    contentType: media.contentType,
    check: media.contentType.includes("json") ? compile(media.schema) : checkBytes,
  };
}

function responseContract(response: JsonObject, compile: Compile): ResponseContract {
  const media = mediaOf(response);
  return { contentType: media?.contentType, check: media === undefined ? () => [] : compile(media.schema) };
}

function mediaOf(owner: JsonObject): { contentType: string; schema: Json } | undefined {
  const media = isObject(owner["content"]) ? Object.entries(owner["content"]) : [];
  // Examples are JSON: where a body may come in several forms, they show that one.
  const first = media.find(([type]) => type.includes("json")) ?? media[0];
  if (first === undefined) return undefined;
  const [contentType, content] = first;
  return { contentType, schema: (isObject(content) ? content["schema"] : undefined) ?? {} };
}

/** Bytes stand in an example file as text. */
const checkBytes: Check = (value, pointer) =>
  typeof value === "string" || value instanceof Uint8Array
    ? []
    : [{ pointer, message: "expected the bytes of the body" }];

function resolved(document: JsonObject, value: Json): JsonObject {
  return isObject(value) ? resolveReference(document, value) : {};
}
