import {
  isObject,
  type Json,
  type JsonObject,
  operationsOf,
  resolveReference,
} from "@sf-image-store/scripts/spec";
import { Ajv2020 } from "ajv/dist/2020.js";
import { explain } from "./explain.js";
import { addOpenApiFormats } from "./formats.js";
import { closed, documentId, inner } from "./strict-schema.js";
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
      const parameters = [pathItem["parameters"], operation["parameters"]].flat().filter(isObject);
      const body = isObject(operation["requestBody"])
        ? resolveReference(document, operation["requestBody"])
        : undefined;
      const responses = isObject(operation["responses"]) ? Object.entries(operation["responses"]) : [];
      const contract: OperationContract = {
        id,
        method: method.toUpperCase(),
        path: url,
        parameters: parameters.map((parameter) =>
          parameterContract(document, resolveReference(document, parameter), compile),
        ),
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
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false });
  addOpenApiFormats(ajv);
  const { components } = document;
  const schemas = isObject(components) && isObject(components["schemas"]) ? components["schemas"] : {};
  const open = Object.entries(schemas).map(([name, schema]) => [
    name,
    isObject(schema) ? inner(schema, document) : schema,
  ]);
  ajv.addSchema({ $id: documentId, components: { schemas: Object.fromEntries(open) } });
  return (schema) => {
    // Compiled on first use: a document of 250 operations has a thousand schemas, a run needs a few.
    let validate: ReturnType<Ajv2020["compile"]> | undefined;
    return (value, pointer) => {
      validate ??= ajv.compile(isObject(schema) ? closed(schema, document) : schema === true);
      return validate(value) ? [] : explain(validate.errors ?? [], pointer);
    };
  };
}

function parameterContract(document: JsonObject, parameter: JsonObject, compile: Compile): ParameterContract {
  const schema = parameter["schema"] ?? {};
  return {
    name: String(parameter["name"]),
    in: String(parameter["in"]),
    required: parameter["required"] === true,
    type: String(resolved(document, schema)["type"]),
    check: compile(schema),
  };
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
  const [first] = isObject(owner["content"]) ? Object.entries(owner["content"]) : [];
  if (first === undefined) return undefined;
  const [contentType, media] = first;
  return { contentType, schema: (isObject(media) ? media["schema"] : undefined) ?? {} };
}

/** Bytes stand in an example file as text. */
const checkBytes: Check = (value, pointer) =>
  typeof value === "string" || value instanceof Uint8Array
    ? []
    : [{ pointer, message: "expected the bytes of the body" }];

function resolved(document: JsonObject, value: Json): JsonObject {
  return isObject(value) ? resolveReference(document, value) : {};
}
