declare module "swagger2openapi" {
  /** Converts `swagger` in place; `openapi` of the result is an OpenAPI 3.0 document. */
  export function convertObj(
    swagger: object,
    options: { readonly patch?: boolean; readonly warnOnly?: boolean; readonly resolveInternal?: boolean },
  ): Promise<{ readonly openapi: object }>;
}
