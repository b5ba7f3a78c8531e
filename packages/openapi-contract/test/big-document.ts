import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { operationsOf } from "../src/document/document.js";
import { isObject, type JsonObject } from "../src/document/json.js";
import { loadObject } from "../src/document/load.js";
import { Definitions } from "./big/definitions.js";
import { examplesFor } from "./big/examples.js";
import { operationsWith } from "./big/operations.js";

const own = resolve(import.meta.dirname, "../../../specs/image-store.swagger.yaml");

/**
 * A Swagger 2.0 document of the size and with the constructs of the vendor's whole one, which is not ours to keep here:
 * 247 operations, 743 definitions, 1.2 MB. The image store part is the project's own, so that the overlay fits.
 */
export function bigDocument(): JsonObject {
  const { paths, definitions, parameters, info: _, ...head } = loadObject(own).value;
  if (!isObject(paths) || !isObject(definitions) || !isObject(parameters)) throw new Error("no document");
  for (const { operation } of operationsOf({ paths })) delete operation["x-ms-examples"];
  const made = new Definitions(743 - Object.keys(definitions).length);
  const api = operationsWith(made.models, 247 - operationsOf({ paths }).length);
  return {
    ...head,
    info: { title: "Service Fabric Client APIs", version: "8.2" },
    paths: { ...paths, ...api.paths },
    definitions: { ...definitions, ...made.all },
    parameters: { ...parameters, ...api.parameters },
  };
}

/** Writes the document and its examples below `folder`; the result is the path of the document. */
export function writeBigDocument(folder: string): string {
  const document = bigDocument();
  const file = join(folder, "servicefabric.json");
  mkdirSync(join(folder, "examples"), { recursive: true });
  writeFileSync(file, JSON.stringify(document, null, 2));
  for (const [name, example] of examplesFor(document))
    writeFileSync(join(folder, "examples", name), JSON.stringify(example, null, 2));
  return file;
}
