// What the package exports whatever the API looks like. Compiled with the package.
import type { Operation, OperationId, OperationTypes, Parameter, Schemas } from "@sf-image-store/types";
import { type components, isLoopback, isReservedFolder, operations, type paths } from "@sf-image-store/types";
import { openapi } from "@sf-image-store/types/openapi";

type Expect<Fact extends true> = Fact;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type Table = typeof operations;
/** The operations whose types stand in `paths` at the URL and the method that the table has for them. */
type Addressed = {
  [Id in OperationId]: Same<
    At<Table[Id]["path"], Lowercase<Table[Id]["method"]>>,
    OperationTypes[Id]
  > extends true
    ? Id
    : never;
}[OperationId];
type At<Url, Method> = Url extends keyof paths
  ? Method extends keyof paths[Url]
    ? paths[Url][Method]
    : never
  : never;

export type Facts = [
  // Identifiers are a list of literals, the same in the table and in the types.
  Expect<string extends OperationId ? false : true>,
  Expect<Same<keyof OperationTypes, OperationId>>,
  // What the table says of an operation leads to its types.
  Expect<Same<Addressed, OperationId>>,
  Expect<Same<Schemas, components["schemas"]>>,
  // paths is what openapi-fetch works with: by URL, then by method.
  Expect<Extract<keyof paths, `/${string}`> extends never ? false : true>,
];

/** The operation table can be walked without knowing an operation. */
export function describe(id: OperationId): readonly unknown[] {
  const operation: Operation = operations[id];
  const { method, path, apiVersion, parameters, body, success } = operation;
  const version: string | undefined = apiVersion;
  const texts: readonly string[] = [method, path];
  const statuses: readonly (number | "2XX")[] = success;
  const contentType: string | undefined = body?.contentType;
  const bodyIsRequired: boolean | undefined = body?.required;
  const bodyName: string | undefined = body?.name;
  return [
    version,
    texts,
    statuses,
    contentType,
    bodyIsRequired,
    bodyName,
    Object.values(parameters).map(limits),
  ];
}

function limits(parameter: Parameter): readonly unknown[] {
  const place: "query" | "path" | "header" | "cookie" = parameter.in;
  const required: boolean = parameter.required;
  const numbers: readonly (number | undefined)[] = [
    parameter.minimum,
    parameter.maximum,
    parameter.maxLength,
  ];
  const texts: readonly (string | undefined)[] = [parameter.type, parameter.format, parameter.pattern];
  const values: readonly unknown[] | undefined = parameter.enum;
  return [place, required, numbers, texts, values];
}

export const title: unknown = openapi["info"];

export const checks: readonly ((text: string) => boolean)[] = [isLoopback, isReservedFolder];
