declare module "har-schema" {
  /** The schemas of HTTP archives, by the part that each describes. */
  const schemas: Readonly<Record<string, object>>;
  export = schemas;
}

declare module "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json" {
  const schema: { readonly $schema: string; readonly id: string };
  export = schema;
}
