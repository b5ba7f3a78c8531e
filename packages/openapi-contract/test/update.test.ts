import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { updateCommand } from "../src/command/update.js";
import type { JsonObject } from "../src/document/json.js";
import { updateDocument } from "../src/update/update.js";

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

function updateSpecification(text: string, theirs: JsonObject, prefix: string): string {
  return updateDocument(text, theirs, [prefix]).text;
}

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

describe("a base with a discriminator", () => {
  const base = (extra: string) => `swagger: "2.0"
info: { title: Shapes, version: "1" }
paths:
  /Shapes:
    get: { responses: { "200": { description: Ours., schema: { $ref: "#/definitions/Shape" } } } }
definitions:
  Shape:
    discriminator: Kind
    required: [Kind]
    properties: { Kind: { type: string } }
  Round: { allOf: [{ $ref: "#/definitions/Shape" }], properties: { Center: { $ref: "#/definitions/Point" } } }
  Circle: { allOf: [{ $ref: "#/definitions/Round" }], x-ms-discriminator-value: Circle }
  Point: { properties: { X: { type: number } } }
${extra}`;

  it("keeps its subtypes, on every level, and what they need", () => {
    const ours = base("");
    expect(updateSpecification(ours, parse(ours), "/")).toBe(ours);
  });

  it("gets new subtypes, and loses those that are gone", () => {
    const square =
      '  Square: { allOf: [{ $ref: "#/definitions/Shape" }], properties: { Side: { type: number } } }\n';
    const added = parse(updateSpecification(base(""), parse(base(square)), "/"));
    expect(added).toEqual(parse(base(square)));
    expect(parse(updateSpecification(base(square), parse(base("")), "/"))).toEqual(parse(base("")));
  });

  it("does not get models that only extend one without a discriminator", () => {
    const plain = '  Far: { allOf: [{ $ref: "#/definitions/Point" }] }\n';
    expect(updateSpecification(base(""), parse(base(plain)), "/")).toBe(base(""));
  });
});

describe("openapi-contract update OURS THEIRS", () => {
  const folder = mkdtempSync(join(tmpdir(), "openapi-contract-update-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function update(oursText: string, theirs: JsonObject, ...args: string[]) {
    const [file, other] = [join(folder, "ours.yaml"), join(folder, "theirs.json")];
    writeFileSync(file, oursText);
    writeFileSync(other, JSON.stringify(theirs));
    const lines: string[] = [];
    const output = {
      log: (line: string) => lines.push(line),
      error: (line: unknown) => lines.push(String(line)),
    };
    const noProject = () => {
      throw new Error("there is no project");
    };
    const code = await updateCommand([file, other, ...args], noProject, output);
    return { code, told: lines.join("\n"), text: readFileSync(file, "utf8") };
  }

  const mine = `openapi: 3.1.0
info: { title: Mine, version: "1" }
paths:
  /pets: # ours
    get:
      description: Ours.
      responses: { "200": { description: Ours., content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } } } }
components:
  schemas:
    Pet: { type: object, description: Ours., properties: { name: { type: string, example: Rex } } }
`;
  const theirs = (): JsonObject => {
    const document = parse(mine.replaceAll("Ours.", "Theirs.").replace("Rex", "Tom"));
    document.info = { title: "Theirs", version: "1" };
    return document;
  };

  it("changes nothing for other words and examples", async () => {
    expect(await update(mine, theirs())).toEqual({ code: 0, told: "Nothing changed.", text: mine });
  });

  it("takes over what is new in an OpenAPI 3 document, and only its structure", async () => {
    const document = theirs();
    const added = {
      operationId: "AddPet",
      description: "Theirs.",
      security: [{ key: [] }],
      requestBody: {
        content: {
          "application/json": { example: { a: "Theirs." }, schema: { $ref: "#/components/schemas/New" } },
        },
      },
      responses: { "204": { description: "Theirs." } },
    };
    Object.assign(Object(document["paths"])["/pets"], { post: added });
    Object.assign(Object(document["components"]), {
      securitySchemes: {
        key: { type: "oauth2", description: "Theirs.", flows: { implicit: { scopes: { read: "Theirs." } } } },
      },
    });
    Object(document["components"]).schemas.New = {
      title: "Theirs.",
      type: "object",
      properties: { title: { type: "string" } },
    };
    Object(document["components"]).schemas.Unused = { type: "string" };
    const { told, text } = await update(mine, document);
    expect(told.split("\n")).toEqual(
      [
        "added  #/paths/~1pets/post",
        "added  #/components/schemas/New",
        "added  #/components/securitySchemes",
      ].map((line) => expect.stringContaining(line)),
    );
    expect(text).not.toContain("Theirs");
    expect(text).toMatch(/\/pets:\s+# ours/);
    expect(text).toContain('info: { title: Mine, version: "1" }');
    expect(parse(text).components.schemas).toEqual({
      Pet: parse(mine).components.schemas.Pet,
      New: { type: "object", properties: { title: { type: "string" } } },
    });
    expect(parse(text).components.securitySchemes.key.flows).toEqual({ implicit: { scopes: { read: "" } } });
  });

  it("takes the paths that begin with a prefix, and those that are there", async () => {
    const document = theirs();
    Object.assign(Object(document["paths"]), {
      "/toys": { get: { responses: {} } },
      "/toys/new": { get: { responses: {} } },
    });
    const { told } = await update(mine, document, "--paths", "/toys/");
    expect(told).toBe('added  #/paths/~1toys~1new: {"get":{"responses":{}}}');
  });

  it("says what it would do, and writes nothing, with --dry-run", async () => {
    const document = theirs();
    Object.assign(Object(document["paths"])["/pets"], {
      get: { responses: { "204": { description: "Theirs." } } },
    });
    const { told, text } = await update(mine, document, "--dry-run");
    expect(told).toContain("removed  #/paths/~1pets/get/responses/200");
    expect(text).toBe(mine);
  });

  it("leaves JSON indented as it is", async () => {
    const json = `${JSON.stringify(parse(mine), null, 4)}\n`;
    const document = theirs();
    document["info"] = { version: "2" };
    expect((await update(json, document)).text).toBe(json.replace('"version": "1"', '"version": "2"'));
  });

  it("keeps the list of an enum that only describes its values, and takes one that names them", async () => {
    const withEnum = (values: JsonObject[]): JsonObject => ({
      ...theirs(),
      components: {
        schemas: { Pet: { type: "string", enum: ["a"], "x-ms-enum": { name: "Kind", values } } },
      },
    });
    const own = stringify({
      ...parse(mine),
      components: { schemas: { Pet: { type: "string", enum: ["a"], "x-ms-enum": { name: "Kind" } } } },
    });
    expect((await update(own, withEnum([{ value: "a", description: "Theirs." }]))).told).toBe(
      "Nothing changed.",
    );
    const { told } = await update(own, withEnum([{ value: "a", name: "First", description: "Theirs." }]));
    expect(told).toBe('added  #/components/schemas/Pet/x-ms-enum/values: [{"value":"a","name":"First"}]');
  });

  it("refuses what is no document", async () => {
    const { code, told } = await update("a: 1\n", theirs());
    expect(told).toContain("expected a Swagger 2.0 or an OpenAPI 3 document");
    expect(code).toBe(2);
  });
});
