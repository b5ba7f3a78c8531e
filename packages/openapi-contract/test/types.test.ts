import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../src/document/json.js";
import { clientPackage } from "../src/generate/package.js";
import { emitTypes } from "../src/generate/types.js";
import { loadContract } from "../src/overlay/load-contract.js";
import { compilers, compileStrictly, linkOpenapiFetch } from "./compile.js";

const folder = mkdtempSync(join(tmpdir(), "openapi-contract-types-"));
afterAll(() => rmSync(folder, { recursive: true }));

const to = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
const text: JsonObject = { type: "string" };
const json = (schema: JsonObject): JsonObject => ({ content: { "application/json": { schema } } });
const answers = (schema: JsonObject): JsonObject => ({ "200": { description: "ok", ...json(schema) } });
const object = (properties: JsonObject, ...required: string[]): JsonObject => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});

/** A document with `GET /x` that answers `answer`, and `PUT /x` that takes `body`. */
function documentOf(
  schemas: JsonObject,
  {
    answer,
    body,
    parameters = [],
    openapi = "3.1.0",
  }: {
    answer?: JsonObject;
    body?: JsonObject;
    parameters?: JsonObject[];
    openapi?: string;
  },
): JsonObject {
  const none = { "204": { description: "none" } };
  return {
    openapi,
    info: { title: "t", version: "1" },
    paths: {
      "/x": {
        get: { operationId: "get", parameters, responses: answer === undefined ? none : answers(answer) },
        ...(body === undefined
          ? {}
          : { put: { operationId: "put", requestBody: { required: true, ...json(body) }, responses: none } }),
      },
    },
    components: { schemas },
  };
}

interface Feature {
  readonly document: JsonObject;
  /** What a user writes; `client` is openapi-fetch's, and `Schemas` the models. */
  readonly program: string;
}

const openEnum = (type: string, values: (string | number)[]): JsonObject => ({
  type,
  enum: values,
  "x-ms-enum": { name: "Size", modelAsString: true },
});
const swagger: JsonObject = {
  swagger: "2.0",
  info: { title: "t", version: "1" },
  consumes: ["application/json"],
  paths: {
    "/x": {
      get: {
        operationId: "get",
        responses: { "200": { description: "ok", schema: { $ref: "#/definitions/Box" } } },
      },
      put: {
        operationId: "put",
        parameters: [{ name: "b", in: "body", required: true, schema: { $ref: "#/definitions/Box" } }],
        responses: { "204": { description: "none" } },
      },
    },
  },
  definitions: {
    Box: object(
      { size: openEnum("string", ["small", "big"]), count: openEnum("integer", [1, 2]) },
      "size",
      "count",
    ),
  },
};

const pets: JsonObject = {
  Cat: object({ kind: text, purrs: { type: "boolean" } }, "kind"),
  Dog: object({ kind: text, barks: { type: "boolean" } }, "kind"),
};
const anyPet: JsonObject = {
  oneOf: [to("Cat"), to("Dog")],
  discriminator: {
    propertyName: "kind",
    mapping: { c: "#/components/schemas/Cat", d: "#/components/schemas/Dog" },
  },
};
const narrows = (pet: string) => `
  const pet = ${pet};
  if (pet?.kind === "c") { const purrs: boolean | undefined = pet.purrs; told(purrs); }
  // @ts-expect-error no pet is of this kind
  if (pet?.kind === "e") told(pet);`;

const user = object(
  { id: { ...text, readOnly: true }, name: text, secret: { ...text, writeOnly: true } },
  "id",
  "name",
  "secret",
);

const features: Readonly<Record<string, Feature>> = {
  "open lists of values": {
    document: swagger,
    program: `
  const { data } = await client.GET("/x");
  if (data !== undefined) {
    const size: string = data.size;
    const upper: string = data.size.toUpperCase();
    const count: number = data.count;
    const fixed: string = data.count.toFixed(1);
    const model: Schemas["Box"] = data;
    if (data.size === "small") told(upper, size, count, fixed, model);
    await client.PUT("/x", { body: data });
  }
  await client.PUT("/x", { body: { size: "huge", count: 3 } });
  // @ts-expect-error no number
  await client.PUT("/x", { body: { size: 1, count: 3 } });`,
  },
  "a union in an answer": {
    document: documentOf(pets, { answer: anyPet }),
    program: `const { data } = await client.GET("/x"); ${narrows("data")}`,
  },
  "a union as a property and as items": {
    document: documentOf(
      { ...pets, Box: object({ one: anyPet, all: { type: "array", items: anyPet } }, "one") },
      { answer: to("Box"), body: to("Box") },
    ),
    program: `
  const { data } = await client.GET("/x");
  { ${narrows("data?.one")} }
  { ${narrows("data?.all?.[0]")} }
  await client.PUT("/x", { body: { one: { kind: "c", purrs: true }, all: [{ kind: "d", barks: true }] } });
  // @ts-expect-error a dog does not purr
  await client.PUT("/x", { body: { one: { kind: "d", purrs: true } } });`,
  },
  "a union with values that the models do not map": {
    document: documentOf(pets, {
      answer: { anyOf: [to("Cat"), to("Dog")], discriminator: { propertyName: "kind" } },
    }),
    program: `
  const { data } = await client.GET("/x");
  if (data?.kind === "Cat") { const purrs: boolean | undefined = data.purrs; told(purrs); }`,
  },
  "properties that only answers or only requests have": {
    document: documentOf(
      {
        User: user,
        Team: object({ lead: to("User"), members: { type: "array", items: to("User") } }, "lead"),
      },
      { answer: to("Team"), body: to("Team") },
    ),
    program: `
  const { data } = await client.GET("/x");
  if (data !== undefined) {
    const id: string = data.lead.id;
    const lead: Schemas["User"] = data.lead;
    // @ts-expect-error never answered
    told(id, lead, data.lead.secret);
  }
  const body: Schemas["TeamInput"] = { lead: { name: "n", secret: "s" }, members: [{ name: "n", secret: "s" }] };
  await client.PUT("/x", { body });
  // @ts-expect-error without its secret
  await client.PUT("/x", { body: { lead: { name: "n" } } });
  // @ts-expect-error the server chooses the id
  const lead: Schemas["UserInput"] = { id: "1", name: "n", secret: "s" };
  told(lead);`,
  },
  "a model that only requests use": {
    document: documentOf({ User: user }, { body: to("User") }),
    program: `
  const body: Schemas["User"] = { name: "n", secret: "s" };
  await client.PUT("/x", { body });`,
  },
  "null, as 3.1 says it": {
    document: documentOf(
      {
        N: object(
          {
            a: { type: ["string", "null"] },
            b: { anyOf: [to("T"), { type: "null" }] },
            c: { enum: ["x", null] },
          },
          "a",
          "b",
          "c",
        ),
        T: text,
      },
      { answer: to("N") },
    ),
    program: `
  const n: Schemas["N"] = { a: null, b: null, c: null };
  const { data } = await client.GET("/x");
  const values: (string | null | undefined)[] = [data?.a, data?.b, data?.c];
  // @ts-expect-error may be null
  const length: number | undefined = data?.a.length;
  told(n, values, length);`,
  },
  "null, as 3.0 says it": {
    document: documentOf(
      {
        N: object(
          {
            a: { type: "string", nullable: true },
            b: { nullable: true, allOf: [to("T")] },
            c: { type: "string", nullable: true, enum: ["x"] },
          },
          "a",
          "b",
          "c",
        ),
        T: object({ d: text }),
      },
      { answer: to("N"), openapi: "3.0.3" },
    ),
    program: `
  const n: Schemas["N"] = { a: null, b: null, c: null };
  const { data } = await client.GET("/x");
  const values: (string | null | undefined)[] = [data?.a, data?.b?.d, data?.c];
  told(n, values);`,
  },
  tuples: {
    document: documentOf(
      {
        Closed: { type: "array", prefixItems: [text, { type: "integer" }], maxItems: 2 },
        Rest: { type: "array", prefixItems: [text], items: { type: "number" } },
        Open: { type: "array", prefixItems: [text, { type: "integer" }] },
        Few: { type: "array", prefixItems: [text, { type: "integer" }], minItems: 1, items: false },
      },
      {},
    ),
    program: `
  const closed: Schemas["Closed"] = ["a", 1];
  const rest: Schemas["Rest"] = ["a", 1, 2, 3];
  const open: Schemas["Open"] = ["a", 1, true];
  const few: Schemas["Few"][] = [["a"], ["a", 1]];
  // @ts-expect-error one too many
  const longer: Schemas["Closed"] = ["a", 1, 2];
  // @ts-expect-error a number
  const wrong: Schemas["Rest"] = ["a", "b"];
  told(closed, rest, open, few, longer, wrong);`,
  },
  "dictionaries beside properties": {
    document: documentOf(
      {
        A: { ...object({ id: text, n: { type: "integer" } }), additionalProperties: text },
        None: { type: "object", additionalProperties: false },
        C: { ...object({ a: text }, "a"), additionalProperties: true },
        D: { type: "object" },
        E: { type: "object", additionalProperties: {} },
        F: { type: "object", patternProperties: { "^x": { type: "number" } }, additionalProperties: false },
        Composed: { allOf: [to("C"), { type: "object", additionalProperties: false }] },
      },
      { answer: to("A") },
    ),
    program: `
  const a: Schemas["A"] = { id: "i", n: 1, other: "o" };
  const { data } = await client.GET("/x");
  const n: number | undefined = data?.n;
  const none: Schemas["None"] = {};
  // @ts-expect-error nothing fits
  const some: Schemas["None"] = { a: 1 };
  const c: Schemas["C"] = { a: "a", b: 1 };
  const f: Schemas["F"] = { x1: 1 };
  // @ts-expect-error no number
  const g: Schemas["F"] = { x1: "a" };
  const open: [Schemas["D"], Schemas["E"]] = [{ a: 1 }, { b: "c" }];
  const composed: Schemas["Composed"] = { a: "a" };
  told(a, n, none, some, c, f, g, open, composed);`,
  },
  "required properties that another part declares": {
    document: documentOf(
      {
        A: object({ f: text, g: { type: ["string", "null"] } }),
        B: { ...to("A"), required: ["g"] },
        C: { allOf: [to("A"), { required: ["f"] }] },
        D: { ...object({ a: text, b: text }), oneOf: [{ required: ["a"] }, { required: ["b"] }] },
      },
      { answer: to("C") },
    ),
    program: `
  const { data } = await client.GET("/x");
  const f: string | undefined = data === undefined ? undefined : data.f.toUpperCase();
  const b: Schemas["B"] = { g: null };
  const d: Schemas["D"][] = [{ a: "a" }, { b: "b" }];
  // @ts-expect-error f is missing
  const c: Schemas["C"] = {};
  // @ts-expect-error neither a nor b
  const e: Schemas["D"] = {};
  told(f, b, d, c, e);`,
  },
  "dates and bytes": {
    document: {
      ...documentOf({}, { answer: { type: "string", format: "date-time" } }),
      paths: {
        "/x": {
          get: {
            operationId: "get",
            responses: answers(object({ at: { type: "string", format: "date-time" } }, "at")),
          },
          put: {
            operationId: "put",
            requestBody: { required: true, content: { "application/octet-stream": {} } },
            responses: {
              "200": {
                description: "ok",
                content: { "image/png": { schema: { type: "string", format: "binary" } } },
              },
            },
          },
          post: {
            operationId: "post",
            requestBody: {
              content: {
                "multipart/form-data": {
                  schema: object({ file: { type: "string", format: "binary" } }, "file"),
                },
              },
            },
            responses: { "204": { description: "none" } },
          },
        },
      },
    },
    program: `
  const { data } = await client.GET("/x");
  const at: Date = new Date(data?.at ?? "");
  const sent = await client.PUT("/x", { body: new Uint8Array(1), bodySerializer: (body) => body, parseAs: "blob" });
  const size: number | undefined = sent.data?.size;
  await client.PUT("/x", { body: new Blob([]), bodySerializer: (body) => body });
  await client.POST("/x", { body: { file: new Blob([]) }, bodySerializer: () => new FormData() });
  // @ts-expect-error no bytes
  await client.PUT("/x", { body: 1 });
  told(at, size);`,
  },
  "one name in path and query": {
    document: {
      ...documentOf({}, {}),
      paths: {
        "/t/{token}": {
          get: {
            operationId: "get",
            parameters: [
              { name: "token", in: "path", required: true, schema: text },
              { name: "token", in: "query", schema: { type: "integer" } },
            ],
            responses: { "204": { description: "none" } },
          },
        },
      },
    },
    program: `
  await client.GET("/t/{token}", { params: { path: { token: "a" }, query: { token: 1 } } });
  // @ts-expect-error without the one in the path
  await client.GET("/t/{token}", { params: { query: { token: 1 } } });`,
  },
  "an answer that reaches itself": {
    document: documentOf(
      {
        Json: {
          anyOf: [
            text,
            { type: "array", items: to("Json") },
            { type: "object", additionalProperties: to("Json") },
          ],
        },
        Tree: object(
          {
            children: { type: "array", items: to("Tree") },
            value: to("Json"),
            id: { ...text, readOnly: true },
          },
          "id",
        ),
      },
      { answer: to("Tree"), body: to("Tree") },
    ),
    program: `
  const { data } = await client.GET("/x");
  const id: string | undefined = data?.children?.[0]?.children?.[0]?.id;
  const tree: Schemas["Tree"] | undefined = data;
  await client.PUT("/x", { body: { children: [{ value: ["a", { b: ["c"] }] }] } });
  told(id, tree);`,
  },
  "references to places that are no component": {
    document: {
      ...documentOf(
        { A: object({ deep: object({ b: text }, "b") }, "deep") },
        { answer: { $ref: "#/components/schemas/A/properties/deep" } },
      ),
    },
    program: `
  const { data } = await client.GET("/x");
  const b: string | undefined = data?.b;
  told(b);`,
  },
  "names and comments of every kind": {
    document: {
      ...documentOf(
        {
          "a.b-c": object(
            { "with space": text, 'quo"te': text, "1a": text, "2": text, "*/": text },
            "with space",
          ),
          A: { description: "ends */ early\n\nand goes on", type: "string", example: "*/" },
        },
        { answer: to("a.b-c") },
      ),
    },
    program: `
  const { data } = await client.GET("/x");
  const parts: (string | undefined)[] = [data?.["with space"], data?.['quo"te'], data?.["1a"], data?.[2]];
  told(parts);`,
  },
};

const versioned: JsonObject = { name: "api-version", in: "query", required: true, schema: text };
const clientDocument: JsonObject = {
  openapi: "3.1.0",
  info: { title: "Boxes", version: "2024-01-01" },
  paths: {
    "/box": {
      parameters: [versioned],
      get: {
        operationId: "get",
        responses: { ...answers(to("Box")), default: { description: "error", ...json(to("Fault")) } },
      },
      put: {
        operationId: "put",
        requestBody: { required: true, ...json(to("Box")) },
        responses: { "204": { description: "none" } },
      },
      // Nothing but a default answer: it is the success, too.
      post: {
        operationId: "post",
        requestBody: json(to("Box")),
        responses: { default: { description: "any", ...json(to("Box")) } },
      },
    },
    "/boxes/{id}": {
      parameters: [versioned, { name: "id", in: "path", required: true, schema: text }],
      get: {
        operationId: "bytes",
        responses: { "200": { description: "ok", content: { "image/png": {} } } },
      },
    },
  },
  components: {
    schemas: {
      Box: object(
        {
          size: openEnum("string", ["small", "big"]),
          count: openEnum("integer", [1, 2]),
          pair: { type: "array", prefixItems: [text, { type: "integer" }], items: false },
        },
        "size",
        "pair",
      ),
      Fault: object({ message: text }, "message"),
    },
  },
};
const clientProgram = `import { ApiError, type Client, createClient, type Schemas, unwrap } from "./client/index.js";
declare function told(...values: unknown[]): void;
export async function use(client: Client = createClient({ baseUrl: "http://localhost", apiVersion: "2024-02-01" })): Promise<void> {
  const box: Schemas["Box"] = await unwrap(client.GET("/box"));
  const upper: string = box.size.toUpperCase();
  const [name, count] = box.pair;
  const pair: [string, number] = [name, count];
  const listed: Extract<Schemas["Box"]["size"], "small"> = "small";
  const counted: Extract<Schemas["Box"]["count"], 2> = 2;
  if (box.size === "small") told(upper, pair, listed, counted);
  await client.PUT("/box", { body: box });
  await client.PUT("/box", { body: { size: "huge", pair: ["a", 1] }, params: { query: { "api-version": "2023-01-01" } } });
  const any: Schemas["Box"] = await unwrap(client.POST("/box"));
  const bytes: Blob = await unwrap(client.GET("/boxes/{id}", { params: { path: { id: "1" } } }));
  const buffer: ArrayBuffer = await unwrap(
    client.GET("/boxes/{id}", { params: { path: { id: "1" } }, parseAs: "arrayBuffer", headers: { a: "b" } }),
  );
  const { data, error, response } = await client.GET("/box");
  if (error === undefined) { const again: Schemas["Box"] = data; told(again); }
  else { const message: string = error.message; told(message, response.status); }
  told(any, bytes, buffer, ApiError);
  // @ts-expect-error the box is missing
  await client.PUT("/box", {});
  // @ts-expect-error no number
  await client.PUT("/box", { body: { size: 1, pair: ["a", 1] } });
  // @ts-expect-error one too many
  await client.PUT("/box", { body: { size: "big", pair: ["a", 1, 2] } });
  // @ts-expect-error no such member
  await client.PUT("/box", { body: { size: "big", pair: ["a", 1], colour: "red" } });
  // @ts-expect-error without the path
  await client.GET("/boxes/{id}");
  // @ts-expect-error no such operation
  await client.DELETE("/box");
}
`;

describe("programs that use generated types with openapi-fetch", () => {
  beforeAll(async () => {
    linkOpenapiFetch(folder);
    for (const [index, { document, program }] of Object.values(features).entries()) {
      const spec = join(folder, `spec${index}.json`);
      writeFileSync(spec, JSON.stringify(document));
      const warnings: string[] = [];
      const contract = await loadContract({ spec, onWarning: ({ message }) => void warnings.push(message) });
      expect(warnings).toEqual([]);
      writeFileSync(join(folder, `types${index}.ts`), emitTypes(contract, "plain"));
      writeFileSync(
        join(folder, `program${index}.ts`),
        `import createClient from "openapi-fetch";
import type { components, paths } from "./types${index}.js";
export type Schemas = components["schemas"];
declare function told(...values: unknown[]): void;
export async function use(client = createClient<paths>()): Promise<void> {
  told(client);${program}
}
`,
      );
    }
  });

  beforeAll(async () => {
    const spec = join(folder, "client.json");
    writeFileSync(spec, JSON.stringify(clientDocument));
    const onWarning = ({ message }: { message: string }) => expect.fail(message);
    const files = await clientPackage({ spec, overlay: [], only: [], onWarning });
    mkdirSync(join(folder, "client"));
    for (const [path, content] of files)
      if (path.startsWith("src/")) writeFileSync(join(folder, "client", path.slice(4)), content);
    writeFileSync(join(folder, "client-program.ts"), clientProgram);
  });

  it.each(Object.keys(compilers).flatMap((compiler) => [true, false].map((exact) => ({ compiler, exact }))))(
    "compile with TypeScript $compiler, exactOptionalPropertyTypes: $exact",
    async ({ compiler, exact }) => {
      const { output } = await compileStrictly(folder, compiler, exact);
      expect(output).toBe("");
    },
  );
});
