import { describe, expect, it } from "vitest";
import { selectOperations } from "../src/document/document.js";
import type { JsonObject } from "../src/document/json.js";

const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const operation = (id: string, tag: string, body: JsonObject, more: JsonObject = {}): JsonObject => ({
  operationId: id,
  tags: [tag],
  requestBody: { content: { "application/json": { schema: body } } },
  responses: { default: { $ref: "#/components/responses/Error" } },
  ...more,
});

const document: JsonObject = {
  openapi: "3.1.0",
  tags: [{ name: "A" }, { name: "B" }],
  paths: {
    "/a": {
      parameters: [{ $ref: "#/components/parameters/Id" }],
      get: operation("GetA", "A", schema("Tree")),
      put: operation("PutA", "B", schema("Big"), { security: [{ key: [] }] }),
    },
    "/a/b": { get: operation("GetB", "B", schema("Pet")) },
  },
  components: {
    schemas: {
      Tree: { properties: { children: { items: schema("Tree") }, leaf: schema("Leaf") } },
      Leaf: { type: "string" },
      Big: { type: "object" },
      Pet: { discriminator: { propertyName: "k", mapping: { cat: "#/components/schemas/Cat", dog: "Dog" } } },
      Cat: { type: "object" },
      Dog: { type: "object" },
      Alone: schema("Leaf"),
      Fault: { type: "object" },
    },
    responses: { Error: { content: { "application/json": { schema: schema("Fault") } } }, Spare: {} },
    parameters: { Id: { schema: { type: "string" } } },
    securitySchemes: { key: { type: "apiKey" }, other: { type: "apiKey" } },
  },
};

/** The operations that are left, and the components by group. */
function left(only: string) {
  const selected = JSON.parse(JSON.stringify(selectOperations(document, [only])));
  const groups = Object.entries<object>(selected.components).map(([name, group]) => [
    name,
    Object.keys(group),
  ]);
  const ids = JSON.stringify(selected.paths).match(/"operationId":"\w+"/g) ?? [];
  return { ids: ids.map((id) => id.slice(15, -1)), ...Object.fromEntries(groups) };
}

describe("a selection", () => {
  it.each([
    [
      "by tag keeps what its operations reach, through others",
      "A",
      { ids: ["GetA"], schemas: ["Tree", "Leaf", "Fault"], responses: ["Error"], parameters: ["Id"] },
    ],
    [
      "by path keeps what a mapping names, with or without its place",
      "/a/b",
      { ids: ["GetB"], schemas: ["Pet", "Cat", "Dog", "Fault"], responses: ["Error"] },
    ],
    [
      "keeps the security schemes that are asked for",
      "B",
      {
        ids: ["PutA", "GetB"],
        schemas: ["Big", "Pet", "Cat", "Dog", "Fault"],
        responses: ["Error"],
        parameters: ["Id"],
        securitySchemes: ["key"],
      },
    ],
  ])("%s", (_, only, expected) => {
    expect(left(only)).toEqual(expected);
  });

  it("keeps only the tags that are used", () => {
    expect(selectOperations(document, ["A"])).toMatchObject({ tags: [{ name: "A" }] });
  });

  it("of nothing is none", () => {
    expect(selectOperations(document, ["C"])).toBeUndefined();
    expect(selectOperations(document, ["/c"])).toBeUndefined();
  });
});
