import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../src/document/json.js";
import { emitTypes } from "../src/generate/types.js";
import { loadContract } from "../src/overlay/load-contract.js";

const folder = sharedFolder();

const to = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
const listOf = (items: JsonObject): JsonObject => ({ type: "array", items });
const text: JsonObject = { type: "string" };

/** A package's way from document to types. */
async function typesOf(schemas: JsonObject, strict = false): Promise<string> {
  const spec = join(folder, "in.json");
  const document = {
    openapi: "3.1.0",
    info: { title: "t", version: "1" },
    paths: {},
    components: { schemas },
  };
  writeFileSync(spec, JSON.stringify(document));
  return emitTypes(await loadContract({ spec, strict }));
}

/** What the compiler has against a module, under strict. */
function complaints(source: string): string[] {
  const file = join(folder, "types.ts");
  writeFileSync(file, source);
  // The smallest library and no check of it: a compilation per form is cheap then.
  const options = { strict: true, noEmit: true, types: [], lib: ["lib.es5.d.ts"], skipLibCheck: true };
  const program = ts.createProgram([file], options);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

describe("a model that reaches itself without passing through an object compiles, and says what it is", () => {
  it.each<[string, JsonObject, string[], string[]]>([
    ["a list of itself", { A: listOf(to("A")) }, ["[[], [[]]]"], ['["a"]']],
    [
      "a text or a list of itself",
      { A: { oneOf: [text, listOf(to("A"))] } },
      ['"a"', '["a", ["b"]]'],
      ["1", "[[1]]"],
    ],
    [
      "a list or null, with a name that TypeScript does not allow",
      { A: to("a.b-c"), "a.b-c": { type: ["array", "null"], items: to("a.b-c"), description: "d" } },
      ["null", "[null, [null]]"],
      ["[1]"],
    ],
    ["another name for a list of itself", { A: to("B"), B: listOf(to("A")) }, ["[[]]"], ["[1]"]],
    [
      "a tuple that ends in itself",
      { A: { type: "array", prefixItems: [text, { anyOf: [to("A"), { type: "null" }] }] } },
      ['["a", ["b", null]]'],
      ['["a", "b"]'],
    ],
    [
      "a text, a list or a map of itself",
      { A: { oneOf: [text, listOf(to("A")), { type: "object", additionalProperties: to("A") }] } },
      ['{ a: ["b", { c: "d" }] }'],
      ["{ a: 1 }"],
    ],
    [
      "a map of texts, lists of itself and itself",
      { A: { type: "object", additionalProperties: { oneOf: [text, to("A"), listOf(to("A"))] } } },
      ['{ a: "b", c: { d: [{}] } }'],
      ["{ a: 1 }"],
    ],
    [
      "a list of models that have such lists",
      { A: listOf(to("B")), B: { type: "object", properties: { a: to("A") } } },
      ["[{ a: [{}] }]"],
      ["[{ a: 1 }]"],
    ],
    [
      "two unions through each other's lists",
      { A: { oneOf: [text, listOf(to("B"))] }, B: { oneOf: [{ type: "number" }, listOf(to("A"))] } },
      ['[1, ["a", [2]]]'],
      ['["a"]'],
    ],
  ])("%s", async (_, schemas, good, bad) => {
    const values = [
      ...good.map((value, index) => `export const good${index}: components["schemas"]["A"] = ${value};`),
      ...bad.map(
        (value, index) =>
          `// @ts-expect-error\nexport const bad${index}: components["schemas"]["A"] = ${value};`,
      ),
    ];
    expect(complaints([await typesOf(schemas), ...values].join("\n"))).toEqual([]);
  });

  it("keeps its description", async () => {
    expect(await typesOf({ A: { ...listOf(to("A")), description: "lists of lists" } })).toMatch(
      /\/\*\* @description lists of lists \*\/\s+A: RecursiveA;/,
    );
  });
});

describe("a model that is nothing but itself, in strict mode", () => {
  it.each<[string, JsonObject]>([
    ["by extending itself", { A: { allOf: [to("A"), { type: "object" }] } }],
    ["as an alternative of another", { A: { oneOf: [to("B"), text] }, B: { anyOf: [to("A")] } }],
  ])("is refused: %s", async (_, schemas) => {
    await expect(typesOf(schemas, true)).rejects.toThrow(
      /#\/components\/schemas\/A: describes itself by itself/,
    );
  });
});

describe("definitions inside a schema", () => {
  it("are types of their own, no property of the model", async () => {
    const types = await typesOf({
      Inner: { type: "integer" },
      A: {
        type: "object",
        properties: { one: { $ref: "#/components/schemas/A/$defs/Inner" }, $defs: text },
        $defs: { Inner: { type: "object", properties: { deep: text } } },
      },
      B: { $ref: "#/components/schemas/A/$defs/Inner/properties/deep" },
    });
    const values = `export const a: components["schemas"]["A"] = { one: { deep: "x" } };
export const b: components["schemas"]["B"] = "x";
export const inner: components["schemas"]["Inner"] = 1;`;
    expect(complaints(`${types}\n${values}`)).toEqual([]);
  });
});
