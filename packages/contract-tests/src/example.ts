import type { OperationId, OperationTypes, operations } from "@sf-image-store/types";

/** An example of an operation of the image store, with its types. */
export type Example<Id extends OperationId> = ExampleOf<OperationTypes, typeof operations, Id>;

/**
 * An example in the `x-ms-examples` form with the types of its operation: all parameters in one object by name (including the
 * body), and responses by status.
 *
 * @typeParam Types The types of the operations, by ID.
 * @typeParam Table The operation table.
 */
export interface ExampleOf<Types, Table, Id extends keyof Types & keyof Table> {
  readonly operationId: Id;
  readonly description: string;
  readonly parameters: Parameters<Types[Id]> & Body<Table[Id], RequestContent<Types[Id]>>;
  readonly responses: Documented<Responses<Types[Id]>> & Failures<Responses<Types[Id]>>;
}

type Responses<Types> = Types extends { responses: infer Found } ? Found : never;

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

type Parameters<Types> = Group<Types, "query"> & Group<Types, "path"> & Group<Types, "header">;

type Group<Types, In extends string> = Types extends {
  parameters: { [name in In]: infer Values extends object };
}
  ? Values
  : unknown;

type Body<Entry, Content> = Entry extends {
  body: { name: infer Name extends string; required: infer Required };
}
  ? Required extends true
    ? { readonly [name in Name]: Content }
    : { readonly [name in Name]?: Content }
  : unknown;

/** The content of a body in JSON. An example contains bytes as text. */
type RequestContent<Types> = Types extends { requestBody?: infer Found }
  ? Found extends { content: { "application/json": infer Content } }
    ? Content
    : string
  : never;
