import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sharedFolder, writeTree } from "@sf-image-store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileContract, mergeContracts } from "../src/check/contract.js";
import { checkCommand } from "../src/command/check.js";
import { diffCommand, type Output } from "../src/command/diff.js";
import { generateCommand } from "../src/command/generate.js";
import { updateCommand } from "../src/command/update.js";
import { type Projects, readProjects } from "../src/document/project.js";

const scratch = sharedFolder();
const back = process.cwd();
let folder: string;

const document = (id: string, path: string) => ({
  openapi: "3.0.3",
  info: { title: id, version: "1" },
  paths: {
    [path]: {
      get: {
        operationId: id,
        responses: { "200": { description: "ok" } },
        "x-ms-examples": { one: { $ref: `./examples/${id}/one.json` } },
      },
    },
  },
});
const overlay =
  "overlay: 1.1.0\ninfo: { title: o, version: '1' }\nactions: [{ target: $.info, update: { description: d } }]\n";
const example = (operationId: string) => ({
  operationId,
  parameters: {},
  responses: { "200": { headers: {} } },
});
const own = (name: string) => ({
  spec: `specs/${name}.json`,
  overlay: "specs/none.overlay.yaml",
  examples: `specs/examples/${name}`,
  types: `types/${name}/generated`,
  typedExamples: `tests/${name}/generated`,
  manifestField: `${name}Spec`,
  comment: name,
  released: `released/${name}.json`,
  updatedPaths: [],
});
const shared = {
  manifest: "package.json",
  packages: ["types"],
  commands: { generate: "codegen", diff: "spec-diff" },
};
const config = { ...shared, documents: { pets: own("pets"), shops: own("shops") } };

beforeAll(() => {
  folder = writeTree(mkdtempSync(join(scratch, "projects-")), {
    "openapi-contract.json": JSON.stringify(config),
    "package.json": JSON.stringify({ name: "types", version: "0.1.0-dev" }),
    "specs/pets.json": JSON.stringify(document("pets", "/pets")),
    "specs/shops.json": JSON.stringify(document("shops", "/shops")),
    "specs/none.overlay.yaml": overlay,
    "specs/examples/pets/one.json": JSON.stringify(example("pets")),
    "specs/examples/shops/one.json": JSON.stringify(example("shops")),
  });
  process.chdir(folder);
});
afterAll(() => process.chdir(back));

async function told(run: (output: Output, projects: () => Projects) => Promise<number>) {
  const lines: string[] = [];
  const add = (text: unknown) => void lines.push(String(text));
  const code = await run({ log: add, error: add }, () => readProjects(folder));
  return { code, output: lines.join("\n") };
}

/** What is wrong with a project file. */
function problemOf(value: object): string {
  const place = writeTree(mkdtempSync(join(scratch, "config-")), { "p.json": JSON.stringify(value) });
  try {
    readProjects(place, "p.json");
  } catch (error) {
    return String(error instanceof Error ? error.message : error).replace(/^.*p\.json(:\d+)?/, "");
  }
  throw new Error("the project file is accepted");
}

describe("a project with several documents", () => {
  it("names them, and gives each what all share", () => {
    const [pets, shops] = readProjects(folder);
    expect([pets.name, shops?.name]).toEqual(["pets", "shops"]);
    expect(pets.packages).toEqual(["types"]);
    expect(shops).toMatchObject({ spec: "specs/shops.json", manifest: "package.json", updatedPaths: [] });
  });

  it("says which document lacks a field", () => {
    const { comment: _, ...rest } = own("shops");
    expect(problemOf({ ...shared, documents: { pets: own("pets"), shops: rest } })).toContain(
      "#/documents/shops/comment: must be a text that is not empty",
    );
  });

  it.each(["types", "typedExamples", "released", "manifestField"] as const)(
    "refuses two documents with the same %s",
    (field) => {
      const shops = { ...own("shops"), [field]: own("pets")[field] };
      expect(problemOf({ ...shared, documents: { pets: own("pets"), shops } })).toContain(
        `#/documents/shops/${field}: is the same as in the document pets; each document needs its own`,
      );
    },
  );

  it.each([{ documents: {} }, { documents: [] }, { documents: "pets" }])("refuses %j", (documents) => {
    expect(problemOf({ ...shared, ...documents })).toContain(
      "#/documents: must be an object with at least one",
    );
  });
});

describe("the commands of a project with several documents", () => {
  it("generate everything, and one manifest with a field for each", async () => {
    expect(await generateCommand([], () => readProjects(folder))).toBe(0);
    for (const name of ["pets", "shops"])
      expect(readFileSync(join(folder, `types/${name}/generated/operations.ts`), "utf8")).toContain(
        `"${name}"`,
      );
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    expect(Object.keys(manifest)).toEqual(["name", "version", "petsSpec", "shopsSpec"]);
    expect(manifest.petsSpec.sha256).not.toBe(manifest.shopsSpec.sha256);
    expect(await generateCommand(["--check"], () => readProjects(folder))).toBe(0);
  });

  it("check the examples of all, and count what they show together", async () => {
    const { code, output } = await told((to, projects) =>
      checkCommand(["--min-coverage", "100"], projects, to),
    );
    expect(output).toContain("Coverage: 100 % (4 of 4)");
    expect(output).toContain("2 examples of 2 of 2 operations: 0 errors");
    expect(code).toBe(0);
  });

  it("check traffic against all of them", async () => {
    const line = (path: string) =>
      `${JSON.stringify({ request: { method: "GET", url: `http://a.example${path}` }, response: { status: 200 } })}\n`;
    writeTree(folder, { "both.jsonl": line("/pets") + line("/shops"), "other.jsonl": line("/cars") });
    const both = await told((to, projects) => checkCommand(["--traffic", "both.jsonl"], projects, to));
    expect(both).toEqual({
      code: 0,
      output: "2 exchanges of 2 of 2 operations: 0 errors, 0 warnings",
    });
    const other = await told((to, projects) => checkCommand(["--traffic", "other.jsonl"], projects, to));
    expect(other.output).toContain("OPERATION_UNKNOWN");
  });

  it("compare each one, or the one that --document names", async () => {
    const all = await told((to, projects) => diffCommand([], projects, to));
    expect(all.output).toMatch(/^pets:\n[\s\S]*\nshops:\n/);
    const one = await told((to, projects) => diffCommand(["--document", "shops"], projects, to));
    expect(one.output).toContain("/shops");
    expect(one.output).not.toContain("/pets");
    const json = await told((to, projects) => diffCommand(["--json"], projects, to));
    expect(json).toEqual({
      code: 2,
      output: "--format json is for one document; add --document pets or shops",
    });
    const cars = await told((to, projects) => diffCommand(["--document", "cars"], projects, to));
    expect(cars.output).toBe("--document takes pets or shops, got cars");
  });

  it("update each one by what it has itself", async () => {
    const theirs = { ...document("pets", "/pets"), paths: { "/pets": { get: {} }, "/cars": {} } };
    Object.assign(theirs.paths["/pets"], document("pets", "/pets").paths["/pets"]);
    const maker = { ...theirs, paths: { ...theirs.paths, ...document("shops", "/shops").paths } };
    writeTree(folder, {
      "theirs.json": JSON.stringify(maker).replace('"operationId":"shops"', '"operationId":"stores"'),
    });
    const { output } = await told((to, projects) =>
      updateCommand(["theirs.json", "--dry-run"], projects, to),
    );
    expect(output).toBe('changed  #/paths/~1shops/get/operationId: "stores"');
  });
});

it("two documents cannot have an operation of the same name", () => {
  const contract = compileContract(document("pets", "/pets"));
  expect(() => mergeContracts([contract, contract])).toThrow(/pets.*is an operation of two documents/);
});
