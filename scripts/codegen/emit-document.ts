import type { JsonObject } from "../spec/index.js";

/**
 * The OpenAPI 3.1 document as a module: importing it needs neither JSON import attributes nor a file system. The text
 * is parsed only by who imports it, and is one type to the compiler instead of thousands of literals.
 */
export function emitDocument(document: JsonObject, comment: string): string {
  return `/** ${comment} */
export const openapi: { readonly [name: string]: unknown } = ${JSON.stringify(document, null, 2)};
`;
}
