import type { OperationId, OperationTypes, operations } from "@sf-image-store/types";

/**
 * An example in the `x-ms-examples` form, held to the types of its operation: parameters by name in one flat object
 * (the body, if any, under its name), answers by status.
 */
export interface Example<Id extends OperationId> {
  readonly operationId: Id;
  readonly description: string;
  readonly parameters: Parameters<Id> & Body<Id>;
  readonly responses: { readonly [status: string]: ExampleResponse<Id> };
}

interface ExampleResponse<Id extends OperationId> {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ResponseBody<OperationTypes[Id]["responses"]>;
}

type Parameters<Id extends OperationId> = Group<Id, "query"> & Group<Id, "path"> & Group<Id, "header">;

type Group<Id extends OperationId, In extends string> = OperationTypes[Id]["parameters"] extends {
  [name in In]: infer Values extends object;
}
  ? Values
  : unknown;

/** Bytes stand in an example as text. */
type Body<Id extends OperationId> = (typeof operations)[Id] extends {
  body: { name: infer Name extends string };
}
  ? { readonly [name in Name]: string | object }
  : unknown;

type ResponseBody<Responses> = {
  [Status in keyof Responses]: Responses[Status] extends { content: { "application/json": infer Content } }
    ? Content
    : never;
}[keyof Responses];
