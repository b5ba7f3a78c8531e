import type { OperationId, OperationTypes, operations } from "@sf-image-store/types";

/**
 * An example in the `x-ms-examples` form with the types of its operation: all parameters in one object by name (including the
 * body), and responses by status.
 */
export interface Example<Id extends OperationId> {
  readonly operationId: Id;
  readonly description: string;
  readonly parameters: Parameters<Id> & Body<Id>;
  readonly responses: Documented<OperationTypes[Id]["responses"]> & Failures<OperationTypes[Id]["responses"]>;
}

/** Each documented status with its content, if it has any. */
type Documented<Responses> = {
  readonly [Status in keyof Responses as Status extends number ? Status : never]?: ResponseWith<
    Content<Responses[Status]>
  >;
};

/** Every other failure has the content of `default`. */
type Failures<Responses> = {
  readonly [status: `4${number}` | `5${number}`]: ResponseWith<
    Content<Responses["default" & keyof Responses]> | undefined
  >;
};

type ResponseWith<Body> = { readonly headers: Readonly<Record<string, string>> } & ([Body] extends [never]
  ? { readonly body?: never }
  : undefined extends Body
    ? { readonly body?: Body }
    : { readonly body: Body });

type Content<Response> = Response extends { content: { "application/json": infer Body } } ? Body : never;

type Parameters<Id extends OperationId> = Group<Id, "query"> & Group<Id, "path"> & Group<Id, "header">;

type Group<Id extends OperationId, In extends string> = OperationTypes[Id]["parameters"] extends {
  [name in In]: infer Values extends object;
}
  ? Values
  : unknown;

/** An example contains bytes as text. */
type Body<Id extends OperationId> = (typeof operations)[Id] extends {
  body: { name: infer Name extends string };
}
  ? { readonly [name in Name]: string | object }
  : unknown;
