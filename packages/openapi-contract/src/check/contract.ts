import { Ajv2020 } from "ajv/dist/2020.js";
import type { DataValidationCxt } from "ajv/dist/types/index.js";
import { operationParameters, operationsOf, resolveReference } from "../document/document.js";
import { isObject, type Json, type JsonObject, SpecError } from "../document/json.js";
import type { Direction } from "./direction.js";
import { addOpenApiFormats, explain, marks } from "./explain.js";
import { StrictSchemas } from "./strict-schema.js";
import {
  type BodyContract,
  bodyContract,
  type Check,
  contentTypes,
  type MeaningRule,
  mediaOf,
  type RulePlugin,
  type TextForm,
  textForm,
  UnreadBody,
  type Violation,
  violation,
} from "./values.js";

export interface ParameterContract {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly form: TextForm;
  /** Its text goes into the URL as it is: readers of the URL must not decode it either. */
  readonly isRaw: boolean;
  readonly check: Check;
}

export interface HeaderContract {
  readonly name: string;
  readonly required: boolean;
  readonly form: TextForm;
  readonly check: Check;
}

export interface ResponseContract {
  /** The one that `check` is for. Undefined: the answer has no body. */
  readonly contentType: string | undefined;
  readonly contentTypes: readonly string[];
  readonly headers: readonly HeaderContract[];
  readonly check: Check;
}

export interface OperationContract {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** What servers put in front of the path. */
  readonly basePaths: readonly string[];
  readonly parameters: readonly ParameterContract[];
  readonly body: BodyContract | undefined;
  /** By status, `2XX`-like range or `default`. */
  readonly responses: ReadonlyMap<string, ResponseContract>;
  readonly meaning: MeaningRule | undefined;
}

/** The operations of a contract, by ID. */
export type Contract = ReadonlyMap<string, OperationContract>;

/** Prepares an OpenAPI 3.1 document, and what its schemas cannot say, for checking. */
export function compileContract(document: JsonObject, rules?: RulePlugin): Contract {
  const compile = schemaCompiler(document, "request");
  const compileAnswer = schemaCompiler(document, "answer");
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
        basePaths: basePaths(document, pathItem, operation),
        parameters: [
          ...parameters.map((parameter) => parameterContract(document, parameter, compile)),
          ...hostParameters(document, operation, compile),
        ],
        body: body === undefined ? undefined : bodyContract(document, body, compile),
        responses: new Map(
          responses.map(([status, response]) => [
            status,
            responseContract(document, resolved(document, response), compileAnswer),
          ]),
        ),
        meaning: ruleOf(rules, id),
      };
      return [id, contract];
    }),
  );
}

/** The operations of several documents about one server, for checking its traffic. No two may have the same ID. */
export function mergeContracts(contracts: readonly Contract[]): Contract {
  const merged = new Map<string, OperationContract>();
  for (const [id, operation] of contracts.flatMap((contract) => [...contract])) {
    const message = "is an operation of two documents of the project; remove it from one of them";
    if (merged.has(id)) throw new SpecError([{ file: id, pointer: "", message }]);
    merged.set(id, operation);
  }
  return merged;
}

/** The rule of an operation. Its violations get the severity that the plug-in gives their codes. */
function ruleOf(plugin: RulePlugin | undefined, id: string): MeaningRule | undefined {
  if (plugin === undefined || !Object.hasOwn(plugin.operations, id)) return undefined;
  const rule = plugin.operations[id];
  const severityOf = ({ code, severity }: Violation) =>
    Object.hasOwn(plugin.codes, code) ? (plugin.codes[code]?.severity ?? severity) : severity;
  return (parameters, responses) =>
    (rule?.(parameters, responses) ?? []).map((each) => ({ ...each, severity: severityOf(each) }));
}

type Compile = (schema: Json) => Check;

function schemaCompiler(document: JsonObject, direction: Direction): Compile {
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
  // Not an error of the validator: a value with such a property still fits its schema.
  const readOnly = new Set<string>();
  ajv.addKeyword({
    keyword: marks.readOnly,
    schema: false,
    validate: (_: unknown, context?: DataValidationCxt) => {
      if (context !== undefined) readOnly.add(context.instancePath);
      return true;
    },
  });
  const strict = new StrictSchemas(document, direction, (schema, id) => ajv.addSchema(schema, id));
  return (schema) => {
    // Compiled on first use: a document of 250 operations has a thousand schemas, a run needs a few.
    let validate: ReturnType<Ajv2020["compile"]> | undefined;
    return (value, pointer) => {
      if (value instanceof UnreadBody) return [];
      validate ??= ajv.compile(strict.closed(schema));
      readOnly.clear();
      if (!validate(value)) return explain(validate.errors ?? [], pointer, (part) => strict.placeOf(part));
      return [...readOnly].map((path) => readOnlyViolation(pointer + path));
    };
  };
}

function readOnlyViolation(pointer: string): Violation {
  return violation({
    code: "READ_ONLY_PROPERTY_IN_REQUEST",
    pointer,
    expected: "no readOnly property in a request",
  });
}

function parameterContract(document: JsonObject, parameter: JsonObject, compile: Compile): ParameterContract {
  return {
    name: String(parameter["name"]),
    in: String(parameter["in"]),
    required: parameter["required"] === true,
    form: textForm(document, parameter),
    isRaw: parameter["in"] === "query" && parameter["allowReserved"] === true,
    check: compile(parameter["schema"] ?? mediaOf(parameter)?.schema ?? {}),
  };
}

/** The paths of the servers' URLs, without those that are empty. */
function basePaths(document: JsonObject, pathItem: JsonObject, operation: JsonObject): string[] {
  const servers = [operation["servers"] ?? pathItem["servers"] ?? document["servers"] ?? []].flat();
  const paths = servers.flatMap((server) => {
    const url = isObject(server) ? String(server["url"]) : "";
    const path = url.replace(/^[^/]*\/\/[^/]*/, "").replace(/\/$/, "");
    return path.startsWith("/") ? [path] : [];
  });
  return [...new Set(paths)];
}

/** What an example may give to fill in the host. */
function hostParameters(document: JsonObject, operation: JsonObject, compile: Compile): ParameterContract[] {
  const [server] = [operation["servers"] ?? document["servers"] ?? []].flat();
  const variables = isObject(server) && isObject(server["variables"]) ? server["variables"] : {};
  const schema = { type: "string" };
  return Object.keys(variables).map((name) =>
    parameterContract(document, { name, in: "host", schema }, compile),
  );
}

function responseContract(document: JsonObject, response: JsonObject, compile: Compile): ResponseContract {
  const media = mediaOf(response);
  const headers = isObject(response["headers"]) ? Object.entries(response["headers"]) : [];
  return {
    contentType: media?.contentType,
    contentTypes: contentTypes(response),
    headers: headers.map(([name, header]) =>
      headerContract(document, name, resolved(document, header), compile),
    ),
    check: media === undefined ? () => [] : compile(media.schema),
  };
}

function headerContract(
  document: JsonObject,
  name: string,
  header: JsonObject,
  compile: Compile,
): HeaderContract {
  return {
    name,
    required: header["required"] === true,
    form: textForm(document, header),
    check: compile(header["schema"] ?? mediaOf(header)?.schema ?? {}),
  };
}

function resolved(document: JsonObject, value: Json): JsonObject {
  return isObject(value) ? resolveReference(document, value) : {};
}
