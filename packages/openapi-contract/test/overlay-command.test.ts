import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { overlayCommand } from "../src/command/overlay.js";
import type { Json, JsonObject } from "../src/document/json.js";
import { overlayActions } from "../src/overlay/difference.js";
import { applyOverlay } from "../src/overlay/overlay.js";

const folder = mkdtempSync(join(tmpdir(), "openapi-contract-overlay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  writeFileSync(join(folder, name), name.endsWith(".json") ? JSON.stringify(value) : stringify(value));
  return join(folder, name);
}

async function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await overlayCommand(args, {
    log: (line) => out.push(line),
    error: (line) => err.push(String(line)),
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

const pets: JsonObject = {
  openapi: "3.1.0",
  info: { title: "Pets", version: "1" },
  servers: [{ url: "https://a.example" }, { url: "https://b.example" }],
  paths: {
    "/pets/{id}": {
      get: {
        summary: "Old",
        parameters: [{ name: "id", in: "path", required: true }],
        responses: { "200": { description: "Yes." }, "500": { description: "No." } },
      },
    },
  },
};
const overlay = (...actions: JsonObject[]): JsonObject => ({
  overlay: "1.1.0",
  info: { title: "O", version: "1" },
  actions,
});

/** What the cases of the Overlay project are about, with documents of our own. */
const cases: readonly (readonly [
  what: string,
  actions: JsonObject[],
  expected: (document: JsonObject) => void,
])[] = [
  [
    "an update of the root",
    [{ target: "$", update: { info: { license: { name: "MIT" } } } }],
    (document) => Object.assign(Object(document["info"]), { license: { name: "MIT" } }),
  ],
  [
    "an update of every operation",
    [{ target: "$.paths.*.*", update: { summary: "New" } }],
    (document) => Object.assign(Object(document["paths"])["/pets/{id}"].get, { summary: "New" }),
  ],
  [
    "a removed property",
    [{ target: "$.paths['/pets/{id}'].get.summary", remove: true }],
    (document) => delete Object(document["paths"])["/pets/{id}"].get.summary,
  ],
  [
    "an entry that a filter removes",
    [{ target: "$.servers[?@.url == 'https://a.example']", remove: true }],
    (document) => Object(document["servers"]).shift(),
  ],
  [
    "matching responses that are removed",
    [{ target: "$.paths.*.*.responses['500']", remove: true }],
    (document) => delete Object(document["paths"])["/pets/{id}"].get.responses["500"],
  ],
  [
    "a list that is removed and written anew",
    [
      { target: "$.servers", remove: true },
      { target: "$", update: { servers: [{ url: "https://c.example" }] } },
    ],
    (document) => Object.assign(document, { servers: [{ url: "https://c.example" }] }),
  ],
];

describe("openapi-contract overlay apply", () => {
  it.each(cases)("applies %s", async (_, actions, change) => {
    const expected = structuredClone(pets);
    change(expected);
    const { code, out } = await run("apply", write("pets.yaml", pets), write("o.yaml", overlay(...actions)));
    expect(parse(out)).toEqual(expected);
    expect(code).toBe(0);
  });

  it("applies several, one after the other, and writes JSON where the document is JSON", async () => {
    const [one, two] = ["One", "Two"].map((title) =>
      write(`${title}.yaml`, overlay({ target: "$.info", update: { title } })),
    );
    const { out } = await run("apply", write("pets.json", pets), one ?? "", two ?? "");
    expect(JSON.parse(out)).toMatchObject({ info: { title: "Two" } });
  });

  it("warns of a target that matches nothing, and refuses it when strict", async () => {
    const file = write(
      "o.yaml",
      overlay({ target: "$.nothing", description: "D", "x-evidence": "E", remove: true }),
    );
    const relaxed = await run("apply", write("pets.yaml", pets), file);
    expect(relaxed.err).toBe(`warning: ${file}#/actions/0: "D": the target $.nothing matches nothing`);
    expect(relaxed.code).toBe(0);
    const strict = await run("apply", write("pets.yaml", pets), file, "--strict");
    expect(strict.err).toBe(`${file}#/actions/0: "D": the target $.nothing matches nothing`);
    expect(strict.code).toBe(2);
  });

  it.each([[["apply", "a.yaml"]], [["compare", "a.yaml"]], [["merge"]], [[]]])(
    "explains itself for %j",
    async (args) => {
      expect(await run(...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining("openapi-contract overlay apply DOCUMENT"),
      });
    },
  );
});

describe("openapi-contract overlay compare", () => {
  it("writes an overlay that apply turns the first document into the second with", async () => {
    const next = structuredClone(pets);
    for (const [, , change] of cases) change(next);
    const [a, b, file] = [write("a.yaml", pets), write("b.yaml", next), join(folder, "written.yaml")];
    expect(await run("compare", a, b, "--out", file)).toEqual({ code: 0, out: "", err: "" });
    expect(parse(readFileSync(file, "utf8"))).toMatchObject({
      overlay: "1.0.0",
      info: { title: "a.yaml to b.yaml" },
    });
    expect(parse((await run("apply", a, file)).out)).toEqual(next);
  });

  it("says when there is nothing to write", async () => {
    const { code, out, err } = await run("compare", write("a.yaml", pets), write("b.json", pets));
    expect({ code, out, err }).toEqual({ code: 0, out: "", err: expect.stringContaining("are the same") });
  });

  it("changes one word by one action", () => {
    const next = { ...pets, info: { title: "Cats", version: "1" } };
    expect(overlayActions(pets, next)).toEqual([{ target: "$.info", update: { title: "Cats" } }]);
  });

  it("turns any document into any other", () => {
    const names = fc.constantFrom("a", "b", "/x/{y}", "it's", '"', "\\", "ß", "");
    const json = fc.letrec<{ json: Json; object: JsonObject }>((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<Json>(null, true, 0, 1, "x", "y", [], {}),
        fc.array(tie("json"), { maxLength: 3 }),
        tie("object"),
      ),
      object: fc.dictionary(names, tie("json"), { maxKeys: 4, noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(json.object, json.object, (before, after) => {
        const actions = overlayActions(before, after);
        const value = overlay(...actions.map((action): JsonObject => ({ ...action })));
        const rules = { strict: false, warn: () => expect.unreachable("every target matches") };
        const result = actions.length === 0 ? before : applyOverlay(before, { file: "o", value }, rules);
        expect(result).toEqual(after);
      }),
      { numRuns: 1000 },
    );
  });
});
