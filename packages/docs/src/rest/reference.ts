import { type JsonObject, objectAt, operationsOf, stringAt } from "openapi-contract";
import { readCorrections } from "./evidence.js";
import { block, code, paragraphs, table } from "./markdown.js";
import { modelsPage } from "./models-page.js";
import { type Operation, operationName, operationPage } from "./operation-page.js";
import { modelsFile } from "./type-text.js";

export const overviewFile = "overview.md";

/**
 * The REST API as pages in Markdown, by file name: an overview, each operation, the models.
 * @param document The contract in OpenAPI 3.1, with its corrections applied.
 * @param overlay The corrections, as an OpenAPI Overlay.
 */
export function restReference(document: JsonObject, overlay: JsonObject): ReadonlyMap<string, string> {
  const corrections = readCorrections(document, overlay);
  const operations = operationsOf(document);
  return new Map([
    [overviewFile, overview(document, operations)],
    ...operations.map((place) => [fileOf(place), operationPage(document, place, corrections)] as const),
    [modelsFile, modelsPage(document, corrections)],
  ]);
}

function overview(document: JsonObject, operations: readonly Operation[]): string {
  const info = objectAt(document, "info");
  const rows = operations.map((place) => [
    `[${operationName(place)}](${fileOf(place)})<br>${code(`${place.method.toUpperCase()} ${place.url}`)}`,
    stringAt(place.operation, "summary") ?? "",
  ]);
  return paragraphs(
    "# REST API",
    stringAt(info, "description") ?? "",
    "What follows is made from the specification: the contract as its vendor documents it, and what real gateways do beyond it, each correction with its evidence. `protocol §2.2` in an evidence refers to our reading of the vendor's published server source (commit ddfed33), `swagger-facts` to a comparison of all documents that the vendor has published. No live cluster has been asked yet.",
    table(["operation", "what it does"], rows),
    `All bodies are described under [Models](${modelsFile}). An error is always of this form, whatever the status:`,
    block("json", JSON.stringify({ Error: { Code: "E_INVALIDARG", Message: "…" } }, undefined, 2)),
    `The codes stand under [FabricErrorCodes](${modelsFile}#fabricerrorcodes). A gateway may send others.`,
  );
}

function fileOf(place: Operation): string {
  return `${operationName(place)}.md`;
}
