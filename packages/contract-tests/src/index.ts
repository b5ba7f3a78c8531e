import { type Contract, compileContract as compile, type JsonObject } from "openapi-contract";
import { imageStoreRules } from "./meaning.js";

export type { Example } from "./example.js";

/** Prepares a document for checking, with the rules of the image store. */
export function compileContract(document: JsonObject): Contract {
  return compile(document, imageStoreRules);
}
