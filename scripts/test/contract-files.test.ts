import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { displayPath, loadContract } from "../spec/index.js";

const folder = mkdtempSync(join(tmpdir(), "sf-image-store-specs-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const head = `swagger: "2.0"\ninfo: { title: t, version: "1" }\n`;
const ok = `responses: { "200": { description: ok } }`;

describe("a specification that cannot be used is refused with file and place", () => {
  it.each([
    ["a syntax error", `${head}paths: {}\nhost: [`, ":4:8: Flow sequence"],
    ["a member used twice", `${head}paths: {}\npaths: {}`, ":4:1: Map keys must be unique"],
    ["broken JSON", `{ "swagger": "2.0", }}`, ":1:22: "],
    ["no object at the root", "just text", "#: expected an object at the root of the document"],
    ["another kind of document", "asyncapi: 3.0.0", "#: expected a Swagger 2.0 or an OpenAPI 3.1 document"],
    [
      "a member the format does not have",
      `${head}paths: { /x: { get: { operationId: A, respnses: {}, ${ok} } } }`,
      "#/paths/~1x/get: must NOT have additional properties (respnses)",
    ],
    [
      "a reference to nothing",
      `${head}paths: { /x: { get: { operationId: A, parameters: [{ $ref: "#/parameters/No" }], ${ok} } } }`,
      "#/paths/~1x/get/parameters/0/$ref: #/parameters/No points to nothing",
    ],
    [
      "an operationId used twice",
      `${head}paths: { /x: { get: { operationId: A, ${ok} } }, /y: { get: { operationId: A, ${ok} } } }`,
      "#/paths/~1y/get/operationId: operationId A is used before, at #/paths/~1x/get/operationId",
    ],
    [
      "an operation without a name",
      `${head}paths: { /x: { get: { ${ok} } } }`,
      "#/paths/~1x/get: has no operationId, so nothing can be named after it",
    ],
    [
      "a path parameter nobody declares",
      `${head}paths: { "/x/{id}": { get: { operationId: A, ${ok} } } }`,
      "#/paths/~1x~1{id}/get: the path parameter {id} is not declared",
    ],
    [
      "an example file that is not there",
      `${head}paths: { /x: { get: { operationId: A, ${ok}, x-ms-examples: { e: { $ref: ./none.json } } } } }`,
      "none.json: cannot be read (ENOENT)",
    ],
  ])("%s", async (_, text, message) => {
    const spec = write("bad.yaml", text);
    const file = message.startsWith("none") ? displayPath(join(folder, "")) : displayPath(spec);
    await expect(loadContract({ spec })).rejects.toThrow(file);
    await expect(loadContract({ spec })).rejects.toThrow(message);
  });

  it("a file that does not exist", async () => {
    await expect(loadContract({ spec: join(folder, "absent.yaml") })).rejects.toThrow(
      "absent.yaml: cannot be read",
    );
  });

  it("an overlay whose result is no longer valid", async () => {
    const spec = write("good.yaml", `${head}paths: {}`);
    const action = `{ target: $.info, description: d, x-evidence: e, update: { licence: MIT } }`;
    const overlay = write(
      "bad.overlay.yaml",
      `overlay: 1.0.0\ninfo: { title: t, version: "1" }\nactions: [${action}]`,
    );
    await expect(loadContract({ spec, overlay })).rejects.toThrow(
      `${displayPath(overlay)}#/info: must NOT have unevaluated properties (licence)`,
    );
  });
});
