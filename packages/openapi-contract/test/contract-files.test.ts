import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import { describe, expect, it } from "vitest";
import { operationsOf } from "../src/document/document.js";
import { displayPath } from "../src/document/load.js";
import { loadContract } from "../src/overlay/load-contract.js";

const folder = sharedFolder();

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const head = `swagger: "2.0"\ninfo: { title: t, version: "1" }\n`;
const ok = `responses: { "200": { description: ok } }`;

describe("a specification", () => {
  const ids = async (text: string) => {
    const document = await loadContract({ spec: write("named.yaml", text) });
    return operationsOf(document).map(({ operation }) => operation["operationId"]);
  };

  it("whose operations have no names gets names made of method and URL", async () => {
    const paths = `{ "/a-b/{id}": { parameters: [{ name: id, in: path, required: true, type: string }], get: { ${ok} }, put: { ${ok}, operationId: GetABById } } }`;
    expect(await ids(`${head}paths: ${paths}`)).toEqual(["GetABById2", "GetABById"]);
  });

  it("may have extensions beside its paths, anchors and merge keys", async () => {
    const text = `${head}x-base: &base { ${ok} }\npaths: { x-note: { get: {} }, /x: { get: { <<: *base, operationId: A } } }`;
    expect(await ids(text)).toEqual(["A"]);
  });
});

describe("a specification that cannot be used is refused with file and place", () => {
  it.each([
    ["a syntax error", `${head}paths: {}\nhost: [`, ":4:8: Flow sequence"],
    ["a member used twice", `${head}paths: {}\npaths: {}`, ":4:1: Map keys must be unique"],
    ["broken JSON", `{ "swagger": "2.0", }}`, ":1:22: "],
    ["no object at the root", "just text", "#: expected an object at the root of the document"],
    [
      "another kind of document",
      "asyncapi: 3.0.0",
      "#: expected a Swagger 2.0 or an OpenAPI 3.0, 3.1 or 3.2 document",
    ],
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
      "a reference to a file that is not there",
      `${head}paths: {}\ndefinitions: { A: { $ref: "./common.json#/definitions/A" } }`,
      "#/definitions/A/$ref: ./common.json#/definitions/A points to a file that does not exist: ",
    ],
    [
      "an operationId used twice",
      `${head}paths: { /x: { get: { operationId: A, ${ok} } }, /y: { get: { operationId: A, ${ok} } } }`,
      "#/paths/~1y/get/operationId: operationId A is used before, at #/paths/~1x/get/operationId",
    ],
    ["an alias without its anchor", `${head}paths: *nothing`, "has an alias that cannot be followed"],
    ["an anchor inside itself", `${head}paths: &a { x-a: *a }`, "has an alias that cannot be followed"],
    [
      "a reference that is no URL",
      `${head}paths: {}\ndefinitions: { A: { $ref: "#/definitions/100%" } }`,
      "#/definitions/A/$ref: #/definitions/100% points to nothing",
    ],
    [
      "references in a circle",
      `${head}paths: {}\ndefinitions: { A: { $ref: "#/definitions/B" }, B: { $ref: "#/definitions/A" } }`,
      "#/definitions/A/$ref: #/definitions/B points to nothing",
    ],
    [
      "a model whose name OpenAPI 3.1 does not allow",
      `${head}paths: {}\ndefinitions: { "A/B": { type: string } }`,
      "#/definitions/A~1B: A/B is not a name that OpenAPI 3 allows; it is renamed A_B",
    ],
    [
      "a path parameter nobody declares",
      `${head}paths: { "/x/{id}": { get: { operationId: A, ${ok} } } }`,
      "#/paths/~1x~1{id}/get: the path parameter {id} is not declared",
    ],
    [
      "a keyword of a schema that no step knows",
      `openapi: 3.1.0\ninfo: { title: t, version: "1" }\ncomponents: { schemas: { A: { type: object, properties: { a: { typ: string } } } } }`,
      "#/components/schemas/A/properties/a/typ: typ is not a keyword that is known here",
    ],
    [
      "a mapping to nothing",
      `openapi: 3.1.0\ninfo: { title: t, version: "1" }\ncomponents: { schemas: { A: { discriminator: { propertyName: k, mapping: { b: B } } } } }`,
      "#/components/schemas/A/discriminator/mapping/b: B points to nothing",
    ],
    [
      "an example file that is not there",
      `${head}paths: { /x: { get: { operationId: A, ${ok}, x-ms-examples: { e: { $ref: ./none.json } } } } }`,
      "none.json does not exist, the example is left out",
    ],
  ])("%s", async (_, text, message) => {
    const spec = write("bad.yaml", text);
    await expect(loadContract({ spec, strict: true })).rejects.toThrow(displayPath(spec));
    await expect(loadContract({ spec, strict: true })).rejects.toThrow(message);
  });

  it("a file that does not exist", async () => {
    await expect(loadContract({ spec: join(folder, "absent.yaml") })).rejects.toThrow(
      "absent.yaml: cannot be read",
    );
  });

  it("but paths that need no query join the others, and path items by reference take their place", async () => {
    const get = `get: { operationId: A, ${ok} }`;
    const more = write("more.yaml", `${head}paths: {}\nx-ms-paths: { /x: { ${get} } }`);
    expect(await loadContract({ spec: more })).toMatchObject({
      paths: { "/x": { get: { operationId: "A" } } },
    });
    const referred = write(
      "referred.yaml",
      `openapi: 3.1.0\ninfo: { title: t, version: "1" }\npaths: { /x: { $ref: "#/components/pathItems/X" } }\ncomponents: { pathItems: { X: { ${get} } } }`,
    );
    expect(await loadContract({ spec: referred })).toMatchObject({
      paths: { "/x": { get: { operationId: "A" } } },
    });
  });

  it("but an example that is missing is only a warning without strict", async () => {
    const examples = `x-ms-examples: { gone: { $ref: ./none.json }, other: { $ref: ./other.json }, good: { $ref: ./good.json } }`;
    const spec = write(
      "theirs.yaml",
      `${head}paths: { /x: { get: { operationId: A, ${ok}, ${examples} } } }`,
    );
    write("other.json", `{ "operationId": "B" }`);
    write("good.json", `{ "parameters": {} }`);
    const noted: string[] = [];
    const document = await loadContract({ spec, onWarning: ({ message }) => noted.push(message) });
    expect(noted).toEqual([
      expect.stringMatching(/none\.json does not exist, the example is left out$/),
      expect.stringMatching(/other\.json is an example of B$/),
    ]);
    expect(document).toMatchObject({
      paths: { "/x": { get: { "x-ms-examples": { good: { parameters: {} } } } } },
    });
  });

  it("an overlay whose result is no longer valid", async () => {
    const spec = write("good.yaml", `${head}paths: {}`);
    const action = `{ target: $.info, description: d, x-evidence: e, update: { licence: MIT } }`;
    const overlay = write(
      "bad.overlay.yaml",
      `overlay: 1.0.0\ninfo: { title: t, version: "1" }\nactions: [${action}]`,
    );
    await expect(loadContract({ spec, overlay, strict: true })).rejects.toThrow(
      `${displayPath(overlay)}#/info: must NOT have unevaluated properties (licence)`,
    );
  });
});
