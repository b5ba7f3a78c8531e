import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { JsonObject } from "../src/document/json.js";
import { updateSpecification } from "../src/update/update.js";

const specification = resolve(import.meta.dirname, "../../../specs/image-store.swagger.yaml");
const ours = readFileSync(specification, "utf8");

/** The vendor's document: ours in other words, among operations of other services, with an edit. */
function upstream(edit: (document: JsonObject) => string = JSON.stringify): JsonObject {
  const document = JSON.parse(
    JSON.stringify(parse(ours)).replaceAll(/("description":")[^"]*"/g, '$1Theirs."'),
  );
  document.paths["/Nodes"] = { get: { operationId: "GetNodes", responses: {} } };
  document.definitions.NodeInfo = { type: "object" };
  return JSON.parse(edit(document));
}

const replaced = (old: string, next: string) =>
  upstream((document) => {
    const text = JSON.stringify(document);
    if (!text.includes(old)) throw new Error(`not in the document: ${old}`);
    return text.replace(old, next);
  });

/** The lines that an update adds (+) and takes away (-). */
function changes(document: JsonObject): string[] {
  const [before, after] = [ours, updateSpecification(ours, document, "/ImageStore")].map((text) =>
    text.split("\n"),
  );
  const added = after?.filter((line) => !before?.includes(line)).map((line) => `+ ${line.trim()}`) ?? [];
  const removed = before?.filter((line) => !after?.includes(line)).map((line) => `- ${line.trim()}`) ?? [];
  return [...removed, ...added];
}

describe("a new document of the vendor's", () => {
  it("that says the same in other words changes not a byte", () => {
    expect(updateSpecification(ours, upstream(), "/ImageStore")).toBe(ours);
  });

  it("with another limit and version changes those two lines", () => {
    const document = { ...replaced('"maximum":4294967295', '"maximum":1000'), info: { version: "9.0" } };
    expect(changes(document)).toEqual([
      '- version: "8.2"',
      "- maximum: 4294967295",
      '+ version: "9.0"',
      "+ maximum: 1000",
    ]);
  });

  it("with a new property and a new model takes both, without the vendor's words", () => {
    const text = JSON.stringify(
      replaced('"FileSize":{', '"Owner":{"$ref":"#/definitions/Owner"},"FileSize":{'),
    );
    const document = JSON.parse(text);
    document.definitions.Owner = { description: "Theirs.", properties: { description: { type: "string" } } };
    expect(parse(updateSpecification(ours, document, "/ImageStore")).definitions.Owner).toEqual({
      properties: { description: { type: "string" } },
    });
    expect(changes(document)).toContain('+ $ref: "#/definitions/Owner"');
    expect(changes(document).join()).not.toContain("Theirs");
  });

  it("without an operation loses it, and what only it needed", () => {
    const document = upstream((whole) => {
      const paths = Object.entries(Object(whole["paths"])).filter(([url]) => !url.includes("FolderSize"));
      return JSON.stringify({ ...whole, paths: Object.fromEntries(paths) });
    });
    const after = updateSpecification(ours, document, "/ImageStore");
    expect(after).not.toContain("GetFolderSize");
    expect(Object.keys(parse(after).definitions)).not.toContain("FolderSizeInfo");
  });
});
