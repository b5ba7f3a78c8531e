import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { diffCommand } from "../src/command/diff.js";
import type { JsonObject } from "../src/document/json.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openapi-contract-diff-"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, value: unknown): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return file;
}

const text = { type: "string" };

/** A Swagger 2.0 document with one operation that returns a pet. */
function petstore(properties: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    swagger: "2.0",
    info: { title: "Pets", version: "1" },
    paths: {
      "/pets/{id}": {
        get: {
          operationId: "GetPet",
          produces: ["application/json"],
          parameters: [{ name: "id", in: "path", required: true, type: "string" }],
          responses: { "200": { description: "A pet.", schema: { $ref: "#/definitions/Pet" } } },
        },
      },
    },
    definitions: { Pet: { type: "object", properties: { id: text, ...properties } } },
    ...more,
  };
}

async function diff(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await diffCommand(
    args,
    () => {
      throw new Error("there is no project");
    },
    { log: (line) => out.push(line), error: (line) => err.push(String(line)) },
  );
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** A pet that lost its name and got an age. */
function twoVersions(): [string, string] {
  return [write("old.json", petstore({ name: text })), write("new.json", petstore({ age: text }))];
}

describe("openapi-contract diff OLD NEW", () => {
  it("compares two files of different formats", async () => {
    const [old] = twoVersions();
    const next = write(
      "new.yaml",
      `openapi: 3.1.0
info: { title: Pets, version: "1" }
paths:
  /pets/{id}:
    get:
      operationId: GetPet
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200":
          description: A pet.
          content: { application/json: { schema: { $ref: "#/components/schemas/Pet" } } }
components: { schemas: { Pet: { type: object, properties: { id: { type: string }, name: { type: string } } } } }
`,
    );
    expect((await diff(old, next)).out).toMatch(/^none: nothing has changed$/m);
    expect(await diff(next, write("b.json", petstore({})))).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        "  major  the property name was removed: was string  #/components/schemas/Pet/properties/name",
      ),
    });
  });

  it("writes annotations at the lines of the files, also of Swagger 2.0", async () => {
    const [old, next] = twoVersions();
    const { out } = await diff(old, next, "--format", "github");
    expect(out.split("\n")).toEqual([
      `::error title=major%3A property-removed,file=${old},line=40,col=17::Pet: the property name was removed: was string`,
      `::notice title=minor%3A property-added-optional,file=${next},line=40,col=16::Pet: new optional property age: string`,
      "major: 1 major, 1 minor",
    ]);
  });

  it("writes Markdown in which names stay text", async () => {
    const old = write("old.json", petstore({}));
    const next = write("new.json", petstore({ "<b>*x*": text }));
    const { out } = await diff(old, next, "--format", "markdown");
    expect(out).toContain("**minor: 1 minor**");
    expect(out).toContain(
      "- **minor** new optional property \\<b\\>\\*x\\*: string (`property-added-optional`)",
    );
  });

  it("writes the changeset of the packages that are named", async () => {
    const { out } = await diff(
      ...twoVersions(),
      "--format",
      "changeset",
      "--package",
      "pets",
      "--package",
      "cats",
    );
    expect(out).toMatch(/^---\n"pets": major\n"cats": major\n---\n\nThe API changed:\n\n- `Pet`: /);
  });

  it.each([
    ["major", 1],
    ["minor", 1],
    ["patch", 1],
    [undefined, 0],
  ])("fails on %s: exit code %i", async (level, code) => {
    const args = level === undefined ? [] : ["--fail-on", level];
    expect((await diff(...twoVersions(), ...args)).code).toBe(code);
  });

  it("does not fail on a level above the changes", async () => {
    const [old, next] = [write("a.json", petstore({})), write("b.json", petstore({ age: text }))];
    expect((await diff(old, next, "--fail-on", "major")).code).toBe(0);
    expect((await diff(old, old, "--fail-on", "patch")).code).toBe(0);
  });

  it("leaves out accepted changes, and names entries that match none", async () => {
    const ignore = write(
      "ignore.yaml",
      `ignore:
  - { rule: property-removed, name: Pet, reason: No caller reads it. }
  - { pointer: "#/components/*/Pet/properties/age", reason: Announced. }
  - { rule: model-removed, reason: Long gone. }
`,
    );
    const { code, out, err } = await diff(...twoVersions(), "--fail-on", "patch", "--ignore", ignore);
    expect(out).toContain("none: nothing has changed");
    expect(out).toContain(`2 changes are accepted by ${ignore}.`);
    expect(err).toBe(
      `warning: ${ignore}#/ignore/2: matches no change; delete it (its reason was: Long gone.)`,
    );
    expect(code).toBe(0);
  });

  it.each([
    ["ignore: [{ rule: property-removed }]", "#/ignore/0: needs a reason"],
    ["ignore: [{ reason: Because. }]", "#/ignore/0: would ignore everything"],
    ["ignore: [{ code: A, reason: Because. }]", "#/ignore/0: code is unknown"],
  ])("refuses the ignore file %s", async (content, message) => {
    const { code, err } = await diff(...twoVersions(), "--ignore", write("ignore.yaml", content));
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it.each([
    [["a.json"], "takes two documents, OLD and NEW, got 1"],
    [["a.json", "b.json", "--check"], "--check is for the project"],
    [
      ["a.json", "b.json", "--format", "xml"],
      "--format takes text, json, markdown, github, changeset, got xml",
    ],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await diff(...args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it("prints nothing that a terminal obeys", async () => {
    const [old, next] = [write("a.json", petstore({})), write("b.json", petstore({ "\u001b[2J": text }))];
    for (const format of ["text", "markdown", "github"])
      expect((await diff(old, next, "--format", format)).out).not.toContain("\u001b");
  });

  it("reads a document of a git revision with the files that it refers to, and stages nothing", async () => {
    const model = write("models/pet.json", { type: "object", properties: { name: text } });
    const document = petstore({}, { definitions: { Pet: { $ref: "../models/pet.json" } } });
    const file = write("api/pets.json", document);
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=T", "-c", "user.email=t@example.invalid", ...args], {
        cwd: folder,
        encoding: "utf8",
      });
    git("init", "--quiet");
    git("add", ".");
    git("commit", "--quiet", "--message", "First");
    writeFileSync(model, JSON.stringify({ type: "object", properties: { name: text, age: text } }));
    vi.spyOn(process, "cwd").mockReturnValue(folder);
    const { code, out } = await diff("git:HEAD:api/pets.json", file);
    expect(out).toContain("api/pets.json of HEAD");
    expect(out).toMatch(/minor {2}new optional property age: string/);
    expect(out).toMatch(/^minor: 1 minor$/m);
    expect(code).toBe(0);
    expect(git("status", "--porcelain").trim()).toBe("M models/pet.json");
    const missing = await diff("git:HEAD:api/cats.json", file);
    expect(missing.err).toBe("HEAD:api/cats.json: does not exist in this revision");
    expect(missing.code).toBe(2);
  });
});
