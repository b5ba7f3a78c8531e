import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { operationsOf } from "../src/document/document.js";
import { type JsonObject, problemLine } from "../src/document/json.js";
import { displayPath } from "../src/document/load.js";
import { untypedKeywords } from "../src/document/schemas.js";
import { loadContract } from "../src/overlay/load-contract.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openapi-contract-load-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly document: JsonObject;
  readonly schemas: unknown;
  /** `file#/pointer: message`, with paths below the folder of the test. */
  readonly warnings: readonly string[];
}

/** Loads a document from files; the first one is the document. */
async function load(files: Readonly<Record<string, string>> | string, lenient = false): Promise<Result> {
  const all = typeof files === "string" ? { "api.yaml": files } : files;
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const warnings: string[] = [];
  const shown = (text: string) => text.replaceAll(`${displayPath(folder)}/`, "");
  const spec = join(folder, Object.keys(all)[0] ?? "");
  try {
    const document = await loadContract({
      spec,
      lenient,
      onWarning: ({ file, pointer, message }) => warnings.push(shown(`${file}${pointer}: ${message}`)),
    });
    return { document, schemas: JSON.parse(JSON.stringify(document)).components?.schemas, warnings };
  } catch (error) {
    throw new Error(shown(error instanceof Error ? error.message : String(error)), { cause: error });
  }
}

const info = `info: { title: T, version: "1" }\n`;
const v30 = `openapi: 3.0.3\n${info}`;
const v31 = `openapi: 3.1.0\n${info}`;
const v20 = `swagger: "2.0"\n${info}`;
const ok = `responses: { "200": { description: ok } }`;
const answer = (schema: string) =>
  `responses: { "200": { description: ok, content: { application/json: { schema: ${schema} } } } }`;
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe("a reference to what is no component", () => {
  it("into the answer of another path becomes a component, which both refer to", async () => {
    const { document, schemas, warnings } = await load(`${v30}paths:
  /a: { get: { operationId: a, ${answer("{ type: array, items: { type: object, properties: { x: { type: string } } } }")} } }
  /b: { get: { operationId: b, ${answer("{ $ref: '#/paths/~1a/get/responses/200/content/application~1json/schema/items' }")} } }`);
    expect(schemas).toEqual({ AGet200Items: { type: "object", properties: { x: { type: "string" } } } });
    const content = (schema: unknown) => ({
      responses: { "200": { content: { "application/json": { schema } } } },
    });
    expect(document["paths"]).toMatchObject({
      "/a": { get: content({ type: "array", items: ref("AGet200Items") }) },
      "/b": { get: content(ref("AGet200Items")) },
    });
    expect(warnings).toEqual([]);
  });

  it("into a part of allOf, and into a property of that part", async () => {
    const { schemas } = await load(`${v30}paths: {}
components:
  schemas:
    A: { allOf: [{ type: object, properties: { x: { type: string } } }, { type: object, properties: { y: { type: integer } } }] }
    B: { $ref: '#/components/schemas/A/allOf/1' }
    C: { type: object, properties: { deep: { $ref: '#/components/schemas/A/allOf/1/properties/y' } } }`);
    expect(schemas).toEqual({
      A: { allOf: [{ type: "object", properties: { x: { type: "string" } } }, ref("B")] },
      B: { type: "object", properties: { y: ref("AAllOf1Y") } },
      C: { type: "object", properties: { deep: ref("AAllOf1Y") } },
      AAllOf1Y: { type: "integer" },
    });
  });

  it("into an optional property two levels deep, and to items", async () => {
    const { schemas } = await load(`${v30}paths: {}
components:
  schemas:
    A: { type: object, properties: { b: { type: object, properties: { c: { type: array, items: { type: object, properties: { d: { type: string } } } } } } } }
    D: { type: object, properties: { c: { $ref: '#/components/schemas/A/properties/b/properties/c' }, i: { $ref: '#/components/schemas/A/properties/b/properties/c/items' } } }`);
    expect(schemas).toEqual({
      A: { type: "object", properties: { b: { type: "object", properties: { c: ref("ABC") } } } },
      D: { type: "object", properties: { c: ref("ABC"), i: ref("ABCItems") } },
      ABC: { type: "array", items: ref("ABCItems") },
      ABCItems: { type: "object", properties: { d: { type: "string" } } },
    });
  });

  it("into itself", async () => {
    const { document, schemas } = await load(`${v30}paths:
  /t: { get: { operationId: t, ${answer("{ type: object, properties: { kids: { type: array, items: { $ref: '#/paths/~1t/get/responses/200/content/application~1json/schema' } } } }")} } }`);
    expect(schemas).toEqual({
      TGet200: { type: "object", properties: { kids: { type: "array", items: ref("TGet200") } } },
    });
    expect(document["paths"]).toMatchObject({
      "/t": {
        get: { responses: { "200": { content: { "application/json": { schema: ref("TGet200") } } } } },
      },
    });
  });

  it("by anchor, by $id and into $defs", async () => {
    const { schemas } = await load(`${v31}paths: {}
components:
  schemas:
    A: { type: object, properties: { b: { $ref: '#named' }, c: { $ref: 'https://example.com/c' }, d: { $ref: '#/components/schemas/A/$defs/D' } }, $defs: { D: { type: boolean } } }
    B: { $anchor: named, type: string }
    C: { $id: 'https://example.com/c', type: integer }`);
    expect(schemas).toEqual({
      A: { type: "object", properties: { b: ref("B"), c: ref("C"), d: ref("AD") } },
      B: { type: "string" },
      C: { type: "integer" },
      AD: { type: "boolean" },
    });
  });

  it.each([
    ["#/components/schemas/None", "points to nothing"],
    ["#/components/schemas/A/properties/none", "points to nothing"],
    ["./none.yaml#/A", "points to a file that does not exist: none.yaml"],
    ["https://example.com/a.json", "is on the web; save it as a file and refer to that"],
  ])("that is not there is an error: %s", async (target, message) => {
    const text = `${v30}paths: {}\ncomponents: { schemas: { A: { type: object, properties: { a: { $ref: '${target}' } } } } }`;
    await expect(load(text)).rejects.toThrow(
      `api.yaml#/components/schemas/A/properties/a/$ref: ${target} ${message}`,
    );
  });
});

describe("a document in several files", () => {
  it("takes over what it refers to, by the name that it has", async () => {
    const { schemas } = await load({
      "api.yaml": `${v30}paths: { /a: { get: { operationId: a, ${answer("{ $ref: './common.yml#/Pet' }")} } } }`,
      "common.yml": `Pet: { type: object, properties: { x: { type: string } } }`,
    });
    expect(schemas).toEqual({ Pet: { type: "object", properties: { x: { type: "string" } } } });
  });

  it("may be a folder, whose files refer to each other and back", async () => {
    const { document, schemas, warnings } = await load({
      "api.yaml": `${v30}paths: { "/pets/{id}": { $ref: paths/pet.yaml } }
components: { schemas: { Pet: { $ref: schemas/Pet.json }, Id: { type: string } } }`,
      "paths/pet.yaml": `parameters: [{ $ref: ../parameters.yaml#/id }]
get: { operationId: getPet, ${answer("{ $ref: ../schemas/Pet.json }")} }`,
      "parameters.yaml": `id: { name: id, in: path, required: true, schema: { $ref: 'api.yaml#/components/schemas/Id' } }`,
      "schemas/Pet.json": `{ "type": "object", "properties": { "id": { "$ref": "../api.yaml#/components/schemas/Id" }, "kids": { "type": "array", "items": { "$ref": "#" } }, "owner": { "$ref": "Owner.json" } } }`,
      "schemas/Owner.json": `{ "type": "object", "properties": { "pets": { "type": "array", "items": { "$ref": "Pet.json" } } } }`,
    });
    expect(schemas).toEqual({
      Pet: {
        type: "object",
        properties: { id: ref("Id"), kids: { type: "array", items: ref("Pet") }, owner: ref("Owner") },
      },
      Id: { type: "string" },
      Owner: { type: "object", properties: { pets: { type: "array", items: ref("Pet") } } },
    });
    expect(document["paths"]).toMatchObject({
      "/pets/{id}": {
        parameters: [{ $ref: "#/components/parameters/id" }],
        get: {
          operationId: "getPet",
          responses: { "200": { content: { "application/json": { schema: ref("Pet") } } } },
        },
      },
    });
    expect(warnings).toEqual([]);
  });

  it("keeps two models of one name apart", async () => {
    const { schemas } = await load({
      "api.yaml": `${v30}paths: {}\ncomponents: { schemas: { A: { type: object, properties: { b: { $ref: 'b.yaml#/A' } } } } }`,
      "b.yaml": `A: { type: integer }`,
    });
    expect(schemas).toEqual({ A: { type: "object", properties: { b: ref("A2") } }, A2: { type: "integer" } });
  });

  it("takes over the subtypes of a base too, which only their file names", async () => {
    const { schemas } = await load({
      "api.yaml": `${v20}paths: {}\ndefinitions: { Owner: { type: object, properties: { pet: { $ref: 'pets.yaml#/definitions/Pet' } } } }`,
      "pets.yaml": `definitions:
  Pet: { type: object, discriminator: kind, required: [kind], properties: { kind: { type: string } } }
  Cat: { allOf: [{ $ref: '#/definitions/Pet' }], properties: { claws: { type: integer } } }
  Stone: { type: object }`,
    });
    expect(schemas).toMatchObject({ Pet: { oneOf: expect.arrayContaining([ref("Cat")]) } });
    expect(schemas).not.toHaveProperty("Stone");
  });

  it("is told of by the file in which something is wrong", async () => {
    const files = {
      "api.yaml": `${v30}paths: {}\ncomponents: { schemas: { A: { type: object, properties: { b: { $ref: 'b.yaml#/B' } } } } }`,
      "b.yaml": `B: { type: object, properties: { c: { type: string, word: true }, d: { allOf: {} } } }`,
    };
    await expect(load(files)).rejects.toThrow("b.yaml#/B/properties/d/allOf: expected an array");
    files["b.yaml"] = `B: { type: object, properties: { c: { type: string, word: true } } }`;
    expect((await load(files)).warnings).toContain(
      "b.yaml#/B/properties/c/word: word is not a keyword that is known here; nothing is made of it",
    );
  });
});

describe("data", () => {
  it("is never followed, whatever it looks like", async () => {
    const like = `{ $ref: 'some text', $id: x, allOf: 5 }`;
    const { document, warnings } = await load(`${v31}x-a: ${like}
paths:
  /a:
    x-a: ${like}
    post:
      operationId: a
      x-a: ${like}
      requestBody: { content: { application/json: { schema: { type: object, default: ${like}, enum: [${like}], const: ${like}, examples: [${like}], x-a: ${like} }, example: ${like} } } }
      responses: { "200": { description: ok, content: { application/json: { schema: { type: object, example: ${like} }, examples: { e: { value: ${like} } } } } } }`);
    expect(JSON.stringify(document).match(/"\$ref":"some text"/g)).toHaveLength(11);
    expect(warnings).toEqual([]);
  });

  it("with the same $id twice is no definition", async () => {
    const schema = (value: number) => answer(`{ type: object, example: { $id: x, v: ${value} } }`);
    const text = `${v30}paths: { /a: { get: { operationId: a, ${schema(1)} } }, /b: { get: { operationId: b, ${schema(2)} } } }`;
    expect((await load(text)).warnings).toEqual([]);
  });
});

describe("path items elsewhere", () => {
  it.each([
    [
      "a component",
      `${v31}paths: { /a: { $ref: '#/components/pathItems/A' } }\ncomponents: { pathItems: { A: { get: { operationId: getA, ${ok} } } } }`,
    ],
    [
      "an extension of the paths",
      `${v30}paths: { /a: { $ref: '#/paths/x-shared' }, x-shared: { get: { operationId: getA, ${ok} } } }`,
    ],
  ])("stand in their place once: %s", async (_, text) => {
    const { document, warnings } = await load(text);
    expect(document["paths"]).toEqual({
      "/a": { get: { operationId: "getA", responses: { "200": { description: "ok" } } } },
    });
    expect(JSON.stringify(document).match(/getA/g)).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it("of x-ms-paths keep the query that tells them apart", async () => {
    const get = (id: string) => `{ get: { operationId: ${id}, ${ok} } }`;
    const { document, warnings } = await load(
      `${v20}paths: { /c: ${get("a")} }\nx-ms-paths: { "/c?comp=list": ${get("b")}, "/c?comp=acl": ${get("d")}, /c: { put: { operationId: e, ${ok} } } }`,
    );
    expect(operationsOf(document).map(({ url, operation }) => [url, operation["operationId"]])).toEqual([
      ["/c", "a"],
      ["/c", "e"],
      ["/c?comp=list", "b"],
      ["/c?comp=acl", "d"],
    ]);
    expect(warnings).toEqual([]);
  });
});

describe("names that OpenAPI 3 forbids are replaced", () => {
  it("in definitions", async () => {
    const { document, schemas, warnings } = await load(
      `${v20}paths: { /a: { get: { operationId: a, responses: { "200": { description: ok, schema: { $ref: '#/definitions/Page«User»' } } } } } }
definitions: { Page«User»: { type: object, properties: { n: { type: integer } } }, Page_User: { type: string } }`,
    );
    expect(schemas).toEqual({
      Page_User2: {
        type: "object",
        properties: { n: { type: "integer" } },
        "x-ms-discriminator-value": "Page«User»",
      },
      Page_User: { type: "string" },
    });
    expect(document["paths"]).toMatchObject({
      "/a": {
        get: { responses: { "200": { content: { "application/json": { schema: ref("Page_User2") } } } } },
      },
    });
    expect(warnings).toEqual([
      "api.yaml#/definitions/Page«User»: Page«User» is not a name that OpenAPI 3 allows; it is renamed Page_User2",
    ]);
  });

  it("and models keep the value that a discriminator knows them by", async () => {
    const { schemas } = await load({
      "api.yaml": `${v20}paths: {}
definitions:
  Pet: { type: object, discriminator: kind, required: [kind], properties: { kind: { type: string } } }
  Cat«Big»: { allOf: [{ $ref: '#/definitions/Pet' }] }
  Dog: { type: object, properties: { other: { $ref: 'dogs.yaml#/definitions/Animal' } } }`,
      "dogs.yaml": `definitions:
  Animal: { type: object, discriminator: kind, required: [kind], properties: { kind: { type: string } } }
  Dog: { allOf: [{ $ref: '#/definitions/Animal' }] }`,
    });
    expect(schemas).toMatchObject({
      Pet: { discriminator: { mapping: { "Cat«Big»": "#/components/schemas/Cat_Big" } } },
      Animal: { discriminator: { mapping: { Dog: "#/components/schemas/Dog2" } } },
    });
  });

  it("of security schemes, where they are required too", async () => {
    const { document, warnings } = await load(
      `${v20}securityDefinitions: { API Key: { type: apiKey, name: k, in: header } }\nsecurity: [{ API Key: [] }]\npaths: { /a: { get: { operationId: a, security: [{ API Key: [] }], ${ok} } } }`,
    );
    expect(document).toMatchObject({
      components: { securitySchemes: { API_Key: { type: "apiKey", name: "k", in: "header" } } },
      security: [{ API_Key: [] }],
      paths: { "/a": { get: { security: [{ API_Key: [] }] } } },
    });
    expect(warnings).toEqual([
      "api.yaml#/securityDefinitions/API Key: API Key is not a name that OpenAPI 3 allows; it is renamed API_Key",
    ]);
  });
});

describe("a document with a slip whose meaning is clear is used, with a warning", () => {
  const get = `get: { operationId: a, ${ok} }`;
  const slips: [text: string, warning: string | undefined][] = [
    [`openapi: "3.0"\n${info}paths: {}`, `#/openapi: "3.0" is read as "3.0.0"`],
    [`openapi: 3.1\n${info}paths: {}`, `#/openapi: "3.1" is read as "3.1.0"`],
    [`swagger: 2.0\n${info}paths: {}`, undefined],
    [`swagger: 2\n${info}paths: {}`, `#/swagger: "2" is read as "2.0"`],
    [`openapi: 3.0.3\ninfo: { title: T, version: 1.10 }\npaths: {}`, undefined],
    [`${v30}paths: { a: { ${get} } }`, "#/paths/a: a path begins with a slash; it is read as /a"],
    [
      `${v30}paths: { "/a/{b}": { ${get} } }`,
      "#/paths/~1a~1{b}/get: the path parameter {b} is not declared; it is read as a text",
    ],
    [
      `${v30}paths: { /a: { ${get} }, /b: { ${get} } }`,
      "#/paths/~1b/get/operationId: operationId a is used before, at #/paths/~1a/get/operationId; here it is renamed a2",
    ],
    [
      `${v31}paths: {}\ncomponents: { schemas: { A: { type: string, markdownDescription: hi } } }`,
      "#/components/schemas/A/markdownDescription: markdownDescription is not a keyword that is known here; nothing is made of it",
    ],
    [
      `${v31}paths: {}\ncomponents: { schemas: { A: { type: string, nullable: true } } }`,
      "#/components/schemas/A/nullable: nullable is a keyword of OpenAPI 3.0; it is read as it is meant there",
    ],
    [
      `${v31}paths: {}\ncomponents: { schemas: { A: { type: string, $schema: 'https://json-schema.org/draft/2020-12/schema' } } }`,
      undefined,
    ],
    [`${v30}paths: { /a: { ${get}, parameters: null } }`, undefined],
    [`${v30}paths: []`, undefined],
    [
      `${v30}paths: {}\ncomponents: { schemas: { A: { type: string }, B: { type: array, items: { $ref: A } } } }`,
      "#/components/schemas/B/items/$ref: A is read as #/components/schemas/A",
    ],
    [
      `${v30}paths: {}\ncomponents: { schemas: { A: { type: string }, B: { type: array, items: { $ref: /components/schemas/A } } } }`,
      "#/components/schemas/B/items/$ref: /components/schemas/A is read as #/components/schemas/A",
    ],
    [
      `${v30}paths: {}\ncomponents: { examples: { E: some text } }`,
      "#/components/examples/E: expected an object; it is read as the value of the example",
    ],
    [
      `${v30}paths: { "/a/{b*}": { ${get}, parameters: [{ name: b, in: path, required: true, schema: {} }] } }`,
      undefined,
    ],
  ];

  it.each(slips.map(([text, warning]) => ({ name: warning ?? "nothing to tell of", text, warning })))(
    "$name",
    async ({ text, warning }) => {
      const { warnings, document } = await load(text);
      const expected = warning === undefined ? [] : [expect.stringContaining(`api.yaml${warning}`)];
      expect(warnings.filter((each) => !each.includes(": must "))).toEqual(expected);
      expect(document["openapi"]).toMatch(/^3\.1\.\d$/);
    },
  );

  it("keeps a version that looks like a number as it is written", async () => {
    const { document } = await load(`openapi: 3.0.3\ninfo: { title: T, version: 1.10 }\npaths: {}`);
    expect(document["info"]).toEqual({ title: "T", version: "1.10" });
  });
});

describe("schemas", () => {
  it("that are true or false, and keywords with such ones", async () => {
    const text = `{ A: true, B: false, C: { type: object, properties: { x: true, y: false }, patternProperties: { "^s_": { type: string } }, unevaluatedProperties: false }, T: { type: array, prefixItems: [{ type: string }], items: false } }`;
    const { schemas, warnings } = await load(`${v31}paths: {}\ncomponents: { schemas: ${text} }`);
    expect(schemas).toMatchObject({
      A: true,
      B: false,
      C: { properties: { x: true, y: false } },
      T: { items: false },
    });
    expect(warnings).toEqual([]);
  });

  it("whose allOf only adds what is required say so themselves", async () => {
    const { schemas } = await load(`${v31}paths: {}
components:
  schemas:
    A: { type: object, properties: { f: { type: string }, g: { type: string } } }
    B: { $ref: '#/components/schemas/A', required: [g] }
    C: { allOf: [{ $ref: '#/components/schemas/A' }, { required: [f] }] }
    D: { $ref: '#/components/schemas/A', description: d }`);
    expect(schemas).toMatchObject({
      B: { allOf: [ref("A")], required: ["g"] },
      C: { allOf: [ref("A")], required: ["f"] },
      D: { ...ref("A"), description: "d" },
    });
  });

  it("that extend a union are that union and more", async () => {
    const { schemas } = await load(`${v30}paths: {}
components:
  schemas:
    B: { type: object, properties: { p: { type: string } } }
    C: { type: object, properties: { q: { type: string } } }
    A: { oneOf: [{ $ref: '#/components/schemas/B' }, { $ref: '#/components/schemas/C' }], discriminator: { propertyName: type, mapping: { b: '#/components/schemas/B', c: '#/components/schemas/C' } } }
    X: { allOf: [{ $ref: '#/components/schemas/A' }, { type: object, properties: { name: { type: string } } }] }`);
    expect(schemas).toMatchObject({
      A: { oneOf: [ref("B"), ref("C")] },
      B: { properties: { type: { const: "b" } } },
      X: { allOf: [ref("A"), { type: "object", properties: { name: { type: "string" } } }] },
    });
    expect(Object.keys(Object(schemas)).sort()).toEqual(["A", "B", "C", "X"]);
  });

  it("that are unions in answers and items say how their types are told apart", async () => {
    const union = `{ oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }], discriminator: { propertyName: kind, mapping: { c: Cat, d: '#/components/schemas/Dog' } } }`;
    const { schemas } = await load(`${v30}paths: { /a: { get: { operationId: a, ${answer(union)} } } }
components:
  schemas:
    Cat: { type: object, required: [kind], properties: { kind: { type: string } } }
    Dog: { type: object, required: [kind], properties: { kind: { type: string } } }`);
    expect(schemas).toEqual({
      Cat: { type: "object", required: ["kind"], properties: { kind: { type: "string", const: "c" } } },
      Dog: { type: "object", required: ["kind"], properties: { kind: { type: "string", const: "d" } } },
    });
  });
});

describe("keywords that types cannot say", () => {
  it("are told, each once", async () => {
    const text = `{ A: { type: object, patternProperties: { a: {} }, unevaluatedProperties: false, dependentRequired: { a: [b] }, not: { required: [c] }, if: { required: [d] }, then: { required: [e] } }, B: { type: string, not: { const: a }, example: { not: 1 } }, C: { type: object, properties: { not: { type: string }, if: { type: string } } } }`;
    const { document } = await load(`${v31}paths: {}\ncomponents: { schemas: ${text} }`);
    expect(untypedKeywords("api.yaml", document).map(problemLine)).toEqual([
      "api.yaml#/components/schemas/A/not: types cannot say not: they allow more than the document does (and at 1 more places)",
      "api.yaml#/components/schemas/A/if: types cannot say if: they allow more than the document does",
      "api.yaml#/components/schemas/A/patternProperties: types cannot say patternProperties: they allow more than the document does",
      "api.yaml#/components/schemas/A/dependentRequired: types cannot say dependentRequired: they allow more than the document does",
      "api.yaml#/components/schemas/A/unevaluatedProperties: types cannot say unevaluatedProperties: they allow more than the document does",
    ]);
  });
});

describe("integers that no JavaScript number holds", () => {
  const text = (format: string) => `${format}paths:
  /u: { get: { operationId: mk, parameters: [{ name: n, in: query, schema: { type: integer, minimum: -9223372036854775808, maximum: 9223372036854775807, default: 9007199254740993 } }], ${ok} } }
components: { schemas: { E: { type: integer, enum: [9007199254740993, 9007199254740992] }, S: { type: integer, maximum: 9007199254740992, example: 9007199254740993 } } }`;
  const kept = {
    type: "integer",
    "x-minimum": "-9223372036854775808",
    "x-maximum": "9223372036854775807",
    "x-default": "9007199254740993",
  };

  it.each(["YAML", "JSON"])("are kept as texts, in extensions of the keywords: %s", async (language) => {
    const yaml = text(v30);
    // The same document, with the digits as they are.
    const json = `{"openapi":"3.0.3","info":{"title":"T","version":"1"},"paths":{"/u":{"get":{"operationId":"mk","parameters":[{"name":"n","in":"query","schema":{"type":"integer","minimum":-9223372036854775808,"maximum":9223372036854775807,"default":9007199254740993}}],"responses":{"200":{"description":"ok"}}}}},"components":{"schemas":{"E":{"type":"integer","enum":[9007199254740993,9007199254740992]},"S":{"type":"integer","maximum":9007199254740992,"example":9007199254740993}}}}`;
    const { document, schemas, warnings } = await load(language === "YAML" ? yaml : { "api.json": json });
    expect(document["paths"]).toMatchObject({ "/u": { get: { parameters: [{ schema: kept }] } } });
    expect(schemas).toEqual({
      E: { type: "integer", "x-enum": ["9007199254740993", "9007199254740992"] },
      S: { type: "integer", maximum: 9007199254740992, examples: ["9007199254740993"] },
    });
    expect(warnings).toHaveLength(5);
    expect(warnings.join("\n")).toContain(
      "#/paths/~1u/get/parameters/0/schema/maximum: 9223372036854775807 is beyond the integers that JavaScript numbers hold exactly; maximum is kept as a text, in x-maximum",
    );
  });
});

describe("JSON", () => {
  it("with a member twice is refused by line and column", async () => {
    const text = `{"openapi":"3.0.3",\n "paths":{"/a":{},\n  "/a":{}}}`;
    await expect(load({ "api.json": text })).rejects.toThrow(
      'api.json:3:3: the member "/a" is there twice; delete or rename one of them',
    );
  });

  it("is read as JSON.parse reads it", async () => {
    const value = {
      "x-a": ['\u00e9"\\/\n', 1e3, -0.5, true, false, null, {}, [], ""],
      constructor: 1,
      __proto__x: "",
    };
    const text = JSON.stringify(
      { openapi: "3.1.0", info: { title: "T", version: "1" }, paths: {}, "x-data": value },
      null,
      1,
    );
    expect((await load({ "api.json": text })).document["x-data"]).toEqual(value);
  });
});

describe("OpenAPI 3.2", () => {
  it("is read as far as 3.1 can say it, and the rest is told", async () => {
    const { document, warnings } = await load(`openapi: 3.2.0\n${info}paths:
  /a:
    get: { operationId: a, responses: { "200": { summary: fine, content: { text/event-stream: { itemSchema: { type: string } } } } } }
    query: { operationId: b, ${ok} }
    additionalOperations: { COPY: { operationId: c, ${ok} } }`);
    expect(document).toMatchObject({
      openapi: "3.1.0",
      paths: {
        "/a": {
          get: { responses: { "200": { description: "fine", content: { "text/event-stream": {} } } } },
        },
      },
    });
    expect(warnings).toEqual([
      "api.yaml#/paths/~1a/query: an operation of the method QUERY has no place in a path item of OpenAPI 3.1; it is left out",
      "api.yaml#/paths/~1a/additionalOperations: an operation of another method has no place in a path item of OpenAPI 3.1; it is left out",
      "api.yaml#/paths/~1a/get/responses/200/content/text~1event-stream/itemSchema: the schema of the items of a stream has no place in a media type of OpenAPI 3.1; it is left out",
    ]);
  });
});

describe("a circle", () => {
  it("of names for nothing is any value", async () => {
    const { schemas, warnings } = await load(
      `${v30}paths: {}\ncomponents: { schemas: { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' }, C: { type: array, items: { $ref: '#/components/schemas/A' } } } }`,
    );
    expect(schemas).toEqual({ A: {}, B: {}, C: { type: "array", items: {} } });
    expect(warnings[0]).toBe(
      "api.yaml#/components/schemas/A/$ref: #/components/schemas/B points to nothing but itself, in a circle; it is read as any value",
    );
  });

  it("of a union whose types extend it: they extend what stands beside its alternatives", async () => {
    const { schemas, warnings } = await load(`${v30}paths: {}
components:
  schemas:
    Pet: { type: object, properties: { name: { type: string } }, oneOf: [{ $ref: '#/components/schemas/Cat' }, { $ref: '#/components/schemas/Dog' }] }
    Cat: { allOf: [{ $ref: '#/components/schemas/Pet' }, { type: object, properties: { claws: { type: boolean } } }] }
    Dog: { allOf: [{ $ref: '#/components/schemas/Pet' }] }`);
    expect(schemas).toMatchObject({
      Pet: { oneOf: [ref("Cat"), ref("Dog")] },
      Cat: { allOf: [ref("PetCommon"), { properties: { claws: { type: "boolean" } } }] },
      Dog: { allOf: [ref("PetCommon")] },
      PetCommon: { type: "object", properties: { name: { type: "string" } } },
    });
    expect(warnings).toEqual([
      "api.yaml#/components/schemas/Cat: extends Pet, of which it is an alternative; it extends what Pet says beside its alternatives",
      "api.yaml#/components/schemas/Dog: extends Pet, of which it is an alternative; it extends what Pet says beside its alternatives",
    ]);
  });

  it("of parts that say nothing is opened", async () => {
    const { schemas, warnings } = await load(
      `${v30}paths: {}\ncomponents: { schemas: { A: { type: object, allOf: [{ $ref: '#/components/schemas/A' }] } } }`,
    );
    expect(schemas).toEqual({ A: { type: "object" } });
    expect(warnings).toEqual([
      "api.yaml#/components/schemas/A: describes itself by itself; the parts that lead back are left out",
    ]);
  });
});

describe("maps in files of their own", () => {
  it("are read member by member", async () => {
    const { document, schemas } = await load({
      "api.yaml": `${v30}paths: { $ref: paths.yaml }\ncomponents: { $ref: components.yaml }`,
      "paths.yaml": `/a: { get: { operationId: a, ${answer("{ $ref: 'api.yaml#/components/schemas/A' }")} } }`,
      "components.yaml": `schemas: { $ref: schemas.yaml }`,
      "schemas.yaml": `A: { type: object, properties: { $ref: 'more.yaml#/properties' } }\n`,
      "more.yaml": `properties: { x: { type: string } }`,
    });
    expect(schemas).toMatchObject({ A: { type: "object" } });
    expect(JSON.stringify(document)).toContain('"schema":{"$ref":"#/components/schemas/A"}');
    expect(JSON.stringify(schemas)).toContain('{"type":"string"}');
  });
});

describe("what has no clear meaning", () => {
  const text = `${v30}paths: {}\ncomponents: { schemas: { A: { type: object, properties: { required: [a], b: { $ref: '#/none' }, c: { type: string } } } } }`;
  const lines = [
    "api.yaml#/components/schemas/A/properties/required: expected an object, got a list",
    "api.yaml#/components/schemas/A/properties/b/$ref: #/none points to nothing",
  ];

  it("is an error, all of it at once", async () => {
    await expect(load(text)).rejects.toThrow(lines.join("\n"));
  });

  it("is left out with a warning if the caller is lenient", async () => {
    const { schemas, warnings } = await load(text, true);
    expect(schemas).toEqual({ A: { type: "object", properties: { b: {}, c: { type: "string" } } } });
    expect(warnings).toEqual([`${lines[0]}; it is left out`, lines[1]]);
  });
});
