import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import sarifSchema from "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterAll, describe, expect, it, vi } from "vitest";
import { checkCommand } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "openapi-contract-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

const document = {
  swagger: "2.0",
  info: { title: "Pets", version: "1" },
  produces: ["application/json"],
  consumes: ["application/json"],
  paths: {
    "/pets": {
      get: {
        operationId: "ListPets",
        parameters: [{ name: "limit", in: "query", type: "integer", enum: [10, 50] }],
        responses: {
          "200": { description: "ok", schema: { type: "array", items: { $ref: "#/definitions/Pet" } } },
          default: { description: "failed", schema: { $ref: "#/definitions/Failure" } },
        },
      },
      post: {
        operationId: "AddPet",
        parameters: [{ name: "pet", in: "body", required: true, schema: { $ref: "#/definitions/Pet" } }],
        responses: { "201": { description: "ok" } },
      },
    },
  },
  definitions: {
    Pet: {
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string" },
        age: { type: "integer", maximum: 100 },
        kind: { type: "string", enum: ["cat", "dog"], "x-ms-enum": { name: "Kind", modelAsString: false } },
        mood: { type: "string", enum: ["good", "bad"], "x-ms-enum": { name: "Mood", modelAsString: true } },
      },
    },
    Failure: { type: "object", properties: { code: { type: "string" } } },
  },
};

let count = 0;
/** Writes files into a folder of their own, a `pets.json` with the document among them. */
function place(files: Record<string, string | object>): string {
  const home = join(folder, String(++count));
  for (const [name, content] of Object.entries({ "pets.json": document, ...files })) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }
  return home;
}

async function check(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const lines: { out: string[]; err: string[] } = { out: [], err: [] };
  const output = {
    log: (text: string) => void lines.out.push(text),
    error: (what: unknown) => void lines.err.push(String(what)),
  };
  const project = () => {
    throw new Error("no project is read");
  };
  const code = await checkCommand(args, project, output);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

/** Checks the examples of a folder. Files are named as they are below the folder. */
async function checkIn(home: string, ...args: string[]) {
  const result = await check(join(home, "pets.json"), ...args);
  return {
    ...result,
    out: result.out.replaceAll(`${home}/`, "").replaceAll(pathToFileURL(`${home}/`).href, "file:///"),
  };
}

const list = (...pets: object[]) => ({
  operationId: "ListPets",
  parameters: {},
  responses: { "200": { headers: {}, body: pets } },
});
const addPet = (pet: string) =>
  `{\n  "operationId": "AddPet",\n  "parameters": { "pet": ${pet} },\n  "responses": { "201": { "headers": {} } }\n}`;

describe("openapi-contract check", () => {
  it("says where a violation is, in file, line, column and pointer", async () => {
    const home = place({ "examples/add.json": addPet('{ "name": "Tom", "age": "old" }') });
    const { code, out } = await checkIn(home, "--examples", join(home, "examples"));
    expect(out).toBe(
      'examples/add.json:3:50: error TYPE_INVALID at #/parameters/pet/age: expected integer, got "old"\n' +
        "1 example of 1 of 2 operations: 1 error, 0 warnings",
    );
    expect(code).toBe(1);
  });

  it("points to the name of what nothing declares", async () => {
    const home = place({ "examples/add.json": addPet('{ "name": "Tom", "size": 5 }') });
    const { out } = await checkIn(home, "--examples", join(home, "examples"));
    expect(out).toMatch(/^examples\/add\.json:3:43: error UNKNOWN_PROPERTY at #\/parameters\/pet\/size: /);
  });

  it("shows numbers as they are written", async () => {
    const home = place({ "examples/add.json": addPet('{ "name": "Tom", "age": 9007199254740993 }') });
    const { out } = await checkIn(home, "--examples", join(home, "examples"), "--format", "json");
    const [found] = JSON.parse(out).violations;
    expect(found).toMatchObject({
      actual: "9007199254740993",
      expected: "a number <= 100",
      message: "expected a number <= 100, got 9007199254740993",
    });
  });

  it("puts violations of one cause together, wherever the model is used", async () => {
    const wrong = { name: "Tom", kind: "cow" };
    const home = place({
      "examples/1.json": list(wrong, wrong, { name: 1 }),
      "examples/2.json": list(wrong),
      "examples/3.json": addPet(JSON.stringify(wrong)),
    });
    const { out } = await checkIn(home, "--examples", join(home, "examples"));
    expect(out.split("\n").map((line) => line.replace(/:\d+:\d+/, ""))).toEqual([
      'examples/1.json: error ENUM_VALUE_UNKNOWN at #/responses/200/body/0/kind: expected one of "cat", "dog", got "cow"',
      "  also examples/1.json at #/responses/200/body/1/kind",
      "  also examples/2.json at #/responses/200/body/0/kind",
      "  also examples/3.json at #/parameters/pet/kind",
      "examples/1.json: error TYPE_INVALID at #/responses/200/body/2/name: expected string, got 1",
      "3 examples of 2 of 2 operations: 5 errors, 0 warnings, 2 causes",
    ]);
  });

  it("keeps properties apart that are missing or unknown in the same model", async () => {
    const home = place({ "examples/1.json": list({ a: 1, b: 1 }, { a: 1 }) });
    const { out } = await checkIn(home, "--examples", join(home, "examples"), "--format", "json");
    const found = JSON.parse(out).violations.map(({ code, pointer, count }: Record<string, unknown>) => [
      code,
      pointer,
      count,
    ]);
    expect(found).toEqual([
      ["REQUIRED_PROPERTY_MISSING", "#/responses/200/body/0", 2],
      ["UNKNOWN_PROPERTY", "#/responses/200/body/0/a", 2],
      ["UNKNOWN_PROPERTY", "#/responses/200/body/0/b", 1],
    ]);
  });

  it("takes several folders, and those that the document names when there is none", async () => {
    const home = place({ "a/add.json": addPet('{ "name": "Tom" }'), "b/list.json": list() });
    const { out } = await checkIn(home, "--examples", join(home, "a"), "--examples", join(home, "b"));
    expect(out).toBe("2 examples of 2 of 2 operations: 0 errors, 0 warnings");
    expect((await checkIn(home)).err).toContain(
      "names no example under x-ms-examples; pass --examples or --traffic",
    );
    const named = structuredClone(document);
    Object.assign(named.paths["/pets"].post, { "x-ms-examples": { one: { $ref: "./a/add.json" } } });
    writeFileSync(join(home, "pets.json"), JSON.stringify(named));
    expect(await checkIn(home)).toMatchObject({
      code: 0,
      out: "1 example of 1 of 2 operations: 0 errors, 0 warnings",
    });
  });

  it("passes with warnings, unless --fail-on is warning", async () => {
    const readOnly = structuredClone(document);
    Object.assign(readOnly.definitions.Pet.properties.age, { readOnly: true });
    const home = place({ "pets.json": readOnly, "examples/add.json": addPet('{ "name": "Tom", "age": 5 }') });
    const args = ["--examples", join(home, "examples")];
    const { code, out } = await checkIn(home, ...args);
    expect(out).toMatch(
      /: warning READ_ONLY_PROPERTY_IN_REQUEST at #\/parameters\/pet\/age: [^\n]+\n.*: 0 errors, 1 warning$/,
    );
    expect(code).toBe(0);
    expect((await checkIn(home, ...args, "--fail-on", "warning")).code).toBe(1);
  });

  it("finds mistakes of the document itself", async () => {
    const twin = structuredClone(document);
    Object.assign(twin.definitions.Pet, { required: ["name", "owner"] });
    const home = place({ "pets.json": JSON.stringify(twin, null, 1), "examples/list.json": list() });
    const { out } = await checkIn(home, "--examples", join(home, "examples"));
    expect(out).toMatch(
      /^pets\.json:\d+:\d+: warning REQUIRED_PROPERTY_NOT_DECLARED at #\/definitions\/Pet\/required\/1: /,
    );
  });

  it("keeps control characters out of the terminal and the log", async () => {
    const home = place({
      "examples/add.json": addPet(JSON.stringify({ name: "Tom", "a\u001b[31m\u202e\n::error::": 1 })),
    });
    for (const format of ["text", "github"]) {
      const { out } = await checkIn(home, "--examples", join(home, "examples"), "--format", format);
      expect(out).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
      expect(out).toContain("\\u001b[31m\\u202e\\u000a");
      expect(out).not.toMatch(/^::error::/m);
    }
  });

  it.each<[string, string[], string]>([
    ["an unknown format", ["--format", "xml"], "--format takes text, json, junit, sarif, github, got xml"],
    ["an unknown severity", ["--fail-on", "note"], "--fail-on takes error, warning, got note"],
    ["no percentage", ["--min-coverage", "most"], "--min-coverage takes a number from 0 to 100, got most"],
    ["more than all", ["--min-coverage", "101"], "--min-coverage takes a number from 0 to 100, got 101"],
    ["two specifications", ["other.json"], "takes one specification"],
    ["rules that are no module", ["--rules", "none.mjs"], "none.mjs: cannot be loaded as a module"],
  ])("refuses %s", async (_, args, message) => {
    const home = place({ "examples/list.json": list() });
    const { code, err } = await checkIn(home, "--examples", join(home, "examples"), ...args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});

describe("an ignore file", () => {
  const examples = { "examples/add.json": addPet('{ "name": "Tom", "size": 5, "age": "old" }') };

  it("takes violations out, and names entries that match nothing", async () => {
    const home = place({
      ...examples,
      "ignore.yaml": `ignore:
  - code: UNKNOWN_PROPERTY
    file: "**/examples/*.json"
    pointer: "#/parameters/*/size"
    operation: AddPet
    reason: The server drops it.
  - code: STATUS_NOT_DOCUMENTED
    reason: Was fixed long ago.
`,
    });
    const args = ["--examples", join(home, "examples"), "--ignore", join(home, "ignore.yaml")];
    const { code, out } = await checkIn(home, ...args);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^examples\/add\.json.* TYPE_INVALID /),
      "ignore.yaml:7:5: warning IGNORE_ENTRY_UNUSED at #/ignore/1: this entry matches no violation; delete it (its reason was: Was fixed long ago.)",
      "1 example of 1 of 2 operations: 1 error, 1 warning, 1 ignored",
    ]);
    expect(code).toBe(1);
    const json = JSON.parse((await checkIn(home, ...args, "--format", "json")).out);
    expect(json.ignored).toEqual([
      expect.objectContaining({ code: "UNKNOWN_PROPERTY", reason: "The server drops it." }),
    ]);
    const sarif = JSON.parse((await checkIn(home, ...args, "--format", "sarif")).out);
    expect(sarif.runs[0].results.map(({ suppressions }: { suppressions?: unknown }) => suppressions)).toEqual(
      [undefined, undefined, [{ kind: "external", justification: "The server drops it." }]],
    );
  });

  it.each<[string, string, boolean]>([
    ["* stays within a part", "#/*/size", false],
    ["** goes across parts", "#/**/size", true],
    ["a dot is a dot", "#/parameters.pet/size", false],
    ["a pattern fits the whole pointer", "#/parameters/pet", false],
  ])("%s", async (_, pointer, isIgnored) => {
    const home = place({ ...examples, "i.json": { ignore: [{ pointer, reason: "r" }] } });
    const { out } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--ignore",
      join(home, "i.json"),
    );
    expect(out.includes("UNKNOWN_PROPERTY")).toBe(!isIgnored);
    expect(out.includes("TYPE_INVALID")).toBe(true);
  });

  it.each<[string, object, string]>([
    ["without a reason", { code: "UNKNOWN_PROPERTY" }, "#/ignore/0: needs a reason"],
    ["with an empty reason", { code: "UNKNOWN_PROPERTY", reason: " " }, "#/ignore/0: needs a reason"],
    ["for everything", { reason: "Because." }, "would ignore everything"],
    ["with a typo", { codes: "A", reason: "Because." }, "codes is unknown"],
  ])("refuses an entry %s", async (_, entry, message) => {
    const home = place({ ...examples, "i.json": { ignore: [entry] } });
    const { code, err } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--ignore",
      join(home, "i.json"),
    );
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});

describe("a report", () => {
  const wrong = { name: "Tom", kind: "cow" };
  const files = {
    "examples/1 of 2, 100%.json": list(wrong, wrong),
    "examples/add.json": addPet('{ "name": "<&\\"]]>", "size": 5, "age": "a\\u0007" }'),
    "examples/good.json": list(),
  };

  it("as SARIF keeps the schema of SARIF 2.1.0", async () => {
    const home = place(files);
    const { code, out } = await checkIn(home, "--examples", join(home, "examples"), "--format", "sarif");
    const log = JSON.parse(out);
    const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
    addFormats.default(ajv);
    // Written for draft 4, whose ids this validator does not read; its references are all local.
    const { $schema: _, id: _id, ...draft } = sarifSchema;
    const validate = ajv.compile(draft);
    expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...log, version: "2.0.0" })).toBe(false);
    const [run] = log.runs;
    expect(run.results).toHaveLength(3);
    expect(run.results[0]).toMatchObject({
      ruleId: "ENUM_VALUE_UNKNOWN",
      level: "error",
      occurrenceCount: 2,
      locations: [{ physicalLocation: { region: { startLine: 10, startColumn: 19 } } }],
      relatedLocations: [{ physicalLocation: { region: { startLine: 14, startColumn: 19 } } }],
    });
    for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
    expect(run.results[0].locations[0].physicalLocation.artifactLocation.uri).toMatch(
      /^file:.*1%20of%202,%20100%25\.json$/,
    );
    expect(code).toBe(1);
  });

  it("as SARIF names files below the working directory by their place in the repository", async () => {
    const home = place(files);
    const cwd = vi.spyOn(process, "cwd").mockReturnValue(home);
    try {
      const { out } = await check(
        join(home, "pets.json"),
        "--examples",
        join(home, "examples"),
        "--format",
        "sarif",
      );
      const [{ results }] = JSON.parse(out).runs;
      expect(results[0].locations[0].physicalLocation.artifactLocation).toEqual({
        uri: "examples/1%20of%202%2C%20100%25.json",
        uriBaseId: "%SRCROOT%",
      });
    } finally {
      cwd.mockRestore();
    }
  });

  it("as JUnit has a test case per file, in XML that parsers read", async () => {
    const home = place(files);
    const { out } = await checkIn(home, "--examples", join(home, "examples"), "--format", "junit");
    const { root } = parseXml(out);
    const elements = (parent: XmlElement | null) =>
      (parent?.children ?? []).filter((each) => each instanceof XmlElement);
    expect(root?.name).toBe("testsuites");
    const [suite] = elements(root);
    expect(suite?.attributes).toEqual({
      name: "contract",
      tests: "3",
      failures: "2",
      errors: "0",
      skipped: "0",
      time: "0",
    });
    expect(root?.attributes).toMatchObject({ tests: "3", failures: "2", errors: "0" });
    const cases = elements(suite ?? null);
    expect(cases.map(({ name, attributes }) => [name, attributes["name"], attributes["classname"]])).toEqual([
      ["testcase", "examples/1 of 2, 100%.json", "contract"],
      ["testcase", "examples/add.json", "contract"],
      ["testcase", "examples/good.json", "contract"],
    ]);
    const [failure, ...others] = elements(cases[1] ?? null);
    expect(others).toEqual([]);
    expect(failure).toMatchObject({ name: "failure", attributes: { type: "UNKNOWN_PROPERTY" } });
    expect(failure?.text.split("\n")).toEqual([
      expect.stringMatching(/^examples\/add\.json:3:\d+: UNKNOWN_PROPERTY at /),
      expect.stringMatching(/^examples\/add\.json:3:\d+: TYPE_INVALID at .*got "a\\u0007"$/),
    ]);
    expect(elements(cases[2] ?? null)).toEqual([]);
  });

  it("as JUnit shows warnings without failing", async () => {
    const home = place({ "examples/good.json": list() });
    const { code, out } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--format",
      "junit",
      "--coverage",
    );
    expect(out).toMatch(/failures="0".*<system-out>.*EXAMPLE_MISSING/s);
    expect(out).not.toContain("<failure");
    expect(code).toBe(0);
  });

  it("for GitHub is escaped as its runner reads it", async () => {
    const home = place(files);
    const { out } = await check(
      join(home, "pets.json"),
      "--examples",
      join(home, "examples"),
      "--format",
      "github",
    );
    const [first, second, third, last] = out.split("\n");
    expect(first).toBe(
      `::error file=${home}/examples/1 of 2%2C 100%25.json,line=10,col=19,title=ENUM_VALUE_UNKNOWN::` +
        'expected one of "cat", "dog", got "cow" at #/responses/200/body/0/kind ' +
        `(and 1 more: ${home}/examples/1 of 2, 100%25.json:14:19)`,
    );
    expect(second).toMatch(/^::error .*title=UNKNOWN_PROPERTY::/);
    expect(third).toMatch(/^::error .*title=TYPE_INVALID::/);
    expect(last).toBe("::notice::3 examples of 2 of 2 operations: 4 errors, 0 warnings, 3 causes");
  });

  it("as JSON has everything, and nothing else on the standard output", async () => {
    const home = place(files);
    const { out, err } = await checkIn(home, "--examples", join(home, "examples"), "--format", "json");
    const { version, summary, violations } = JSON.parse(out);
    expect({ version, summary }).toEqual({
      version: 1,
      summary: {
        errors: 4,
        warnings: 0,
        causes: 3,
        ignored: 0,
        examples: 3,
        exchanges: 0,
        operations: { used: 2, total: 2 },
      },
    });
    expect(violations[0]).toEqual({
      code: "ENUM_VALUE_UNKNOWN",
      severity: "error",
      file: "examples/1 of 2, 100%.json",
      line: 10,
      column: 19,
      pointer: "#/responses/200/body/0/kind",
      operationId: "ListPets",
      message: 'expected one of "cat", "dog", got "cow"',
      expected: 'one of "cat", "dog"',
      actual: '"cow"',
      schema: "#/components/schemas/Pet/properties/kind",
      count: 2,
      others: [
        {
          file: "examples/1 of 2, 100%.json",
          line: 14,
          column: 19,
          pointer: "#/responses/200/body/1/kind",
          operationId: "ListPets",
        },
      ],
    });
    expect(err).toBe("3 examples of 2 of 2 operations: 4 errors, 0 warnings, 3 causes");
  });
});

describe("coverage", () => {
  const shownMost = {
    "examples/list.json": {
      operationId: "ListPets",
      parameters: { limit: 10 },
      responses: { "200": { headers: {}, body: [{ name: "Tom", kind: "cat", mood: "sleepy" }] } },
    },
  };

  it("counts what no example shows", async () => {
    const home = place(shownMost);
    const { code, out } = await checkIn(home, "--examples", join(home, "examples"), "--coverage");
    expect(out.split("\n").filter((line) => !line.includes("SHOWN at"))).toEqual([
      expect.stringContaining("warning EXAMPLE_MISSING at #/paths/~1pets/post: no example shows AddPet"),
      "Coverage: 53.3 % (8 of 15)",
      "  operations: 1 of 2",
      "    not shown: AddPet",
      "  success statuses: 1 of 2",
      "    not shown: AddPet 201",
      "  error statuses: 0 of 1",
      "    not shown: ListPets default",
      "  parameters: 1 of 1",
      "  properties: 3 of 5",
      "    not shown: Pet.age, Failure.code",
      "  enum values: 2 of 4",
      '    not shown: Pet.kind = "dog", ListPets limit = 50',
      "  values of open enums: 0 of 2",
      '    not shown: Pet.mood = "good", Pet.mood = "bad"',
      expect.stringMatching(/^1 example of 1 of 2 operations: 0 errors, 3 warnings/),
    ]);
    expect(code).toBe(0);
  });

  it("fails below the threshold, and only there", async () => {
    const home = place(shownMost);
    const args = ["--examples", join(home, "examples"), "--min-coverage"];
    expect(await checkIn(home, ...args, "53.3")).toMatchObject({ code: 0, err: "" });
    const { code, err } = await checkIn(home, ...args, "53.4");
    expect(err).toBe("The examples show 53.3 % of the contract; --min-coverage asks for 53.4 %.");
    expect(code).toBe(1);
  });

  it("is complete when everything is shown", async () => {
    const home = place({
      ...shownMost,
      "examples/other.json": {
        operationId: "ListPets",
        parameters: { limit: 50 },
        responses: {
          "200": { headers: {}, body: [{ name: "A", age: 1, kind: "dog" }] },
          "404": { headers: {}, body: { code: "X" } },
        },
      },
      "examples/add.json": addPet('{ "name": "Tom" }'),
    });
    const { out } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--coverage",
      "--format",
      "json",
    );
    const { coverage } = JSON.parse(out);
    expect(coverage).toMatchObject({ percent: 100, shown: 15, total: 15 });
    expect(coverage.missing.map(({ name }: { name: string }) => name)).toEqual([
      'Pet.mood = "good"',
      'Pet.mood = "bad"',
    ]);
  });
});

describe("recorded traffic", () => {
  const entry = (path: string, body: string, more: object = {}) => ({
    request: {
      method: "GET",
      url: `https://pets.example${path}`,
      headers: [{ name: ":authority", value: "x" }],
      ...more,
    },
    response: {
      status: 200,
      headers: [{ name: "Content-Type", value: "application/json" }],
      content: { text: body, size: body.length },
    },
  });

  it("of an HTTP archive is held to the contract, entry by entry", async () => {
    const archive = {
      log: {
        entries: [
          entry("/pets?limit=10", "[]"),
          entry("/pets?limit=11", '[{"name":"Tom","x":1}]'),
          entry("/logo.png", ""),
        ],
      },
    };
    const home = place({ "traffic.har": JSON.stringify(archive, null, 1) });
    const { code, out } = await checkIn(home, "--traffic", join(home, "traffic.har"));
    const text = readFileSync(join(home, "traffic.har"), "utf8");
    const lineOf = (words: string) => text.slice(0, text.indexOf(words)).split("\n").length;
    const second = out.split("\n")[0] ?? "";
    expect(second).toMatch(
      /^traffic\.har:(\d+):4: error ENUM_VALUE_UNKNOWN at #\/parameters\/limit: expected one of 10, 50, got 11 \(in #\/log\/entries\/1\)$/,
    );
    const line = Number(second.split(":")[1]);
    expect(text.split("\n")[line - 1]?.trim()).toBe("{");
    expect(line).toBeLessThan(lineOf("limit=11"));
    expect(line).toBeGreaterThan(lineOf("limit=10"));
    expect(out).toContain("error UNKNOWN_PROPERTY at #/responses/200/body/0/x");
    expect(out).toContain(
      "error OPERATION_UNKNOWN at #/operationId: expected a request of the contract, got GET /logo.png (in #/log/entries/2)",
    );
    expect(out).toMatch(/\n3 exchanges of 1 of 2 operations: 3 errors, 0 warnings$/);
    expect(code).toBe(1);
  });

  it("of lines is held to the contract, line by line", async () => {
    const post = {
      request: {
        method: "post",
        url: "http://h/pets",
        headers: { "content-type": "application/json" },
        body: { name: "Tom", age: 1000 },
      },
      response: { status: 201, headers: {}, body: null },
    };
    const home = place({
      "traffic.jsonl": `${JSON.stringify(entry("/pets", "[]"))}\n\n${JSON.stringify(post)}\n`,
    });
    const { out } = await checkIn(home, "--traffic", join(home, "traffic.jsonl"), "--coverage");
    expect(out).toContain(
      "traffic.jsonl:3:1: error NUMBER_TOO_LARGE at #/parameters/pet/age: expected a number <= 100, got 1000\n",
    );
    expect(out).toContain("operations: 2 of 2");
  });

  it("is checked without the bodies that were not recorded", async () => {
    const unread = entry("/pets", "", {});
    Object.assign(unread.response.content, { text: undefined, size: 1e9 });
    const sent = entry("/pets", "", {
      method: "POST",
      bodySize: 1e9,
      headers: [{ name: "content-type", value: "application/json" }],
    });
    Object.assign(sent.response, { status: 201, headers: [] });
    const home = place({ "t.har": { log: { entries: [unread, sent] } } });
    expect(await checkIn(home, "--traffic", join(home, "t.har"))).toMatchObject({
      code: 0,
      out: "2 exchanges of 2 of 2 operations: 0 errors, 0 warnings",
    });
  });

  it.each<[string, string, string | object, string]>([
    ["an archive that is none", "t.har", {}, "#/log/entries: expected the list of entries"],
    ["an empty archive", "t.har", { log: { entries: [] } }, "contains no exchange"],
    ["a line that is not JSON", "t.jsonl", "\n{", "t.jsonl:2: is not JSON"],
    [
      "a URL without a host",
      "t.jsonl",
      '{"request":{"method":"GET","url":"/x"},"response":{"status":200}}',
      "t.jsonl:1:1: is no recorded exchange: expected a request with method and an absolute URL",
    ],
    ["a file that does not exist", "t2.har", "", "cannot be read as recorded traffic"],
  ])("refuses %s", async (_, name, content, message) => {
    const home = place(name === "t2.har" ? {} : { [name]: content });
    const { code, err } = await checkIn(home, "--traffic", join(home, name));
    expect(err.replaceAll(`${home}/`, "")).toContain(message);
    expect(code).toBe(2);
  });
});

describe("a rule plug-in", () => {
  const rules = `export default {
    codes: { AGES_DESCEND: { severity: "warning", meaning: "The ages in a list descend." } },
    operations: {
      ListPets: (parameters, responses) => {
        const ages = (responses["200"]?.body ?? []).map(({ age }) => age);
        return ages.flatMap((age, index) =>
          index > 0 && age < ages[index - 1]
            ? [{ code: "AGES_DESCEND", severity: "error", pointer: \`#/responses/200/body/\${index}/age\`, message: "ages descend", expected: "ages that ascend" }]
            : []);
      },
    },
  };`;

  it("says what schemas cannot, with codes and severities of its own", async () => {
    const home = place({
      "rules.mjs": rules,
      "examples/list.json": list({ name: "A", age: 5 }, { name: "B", age: 3 }),
    });
    const args = ["--examples", join(home, "examples"), "--rules", join(home, "rules.mjs")];
    const { code, out } = await checkIn(home, ...args);
    expect(out).toMatch(/: warning AGES_DESCEND at #\/responses\/200\/body\/1\/age: ages descend\n/);
    expect(code).toBe(0);
    const sarif = JSON.parse((await checkIn(home, ...args, "--format", "sarif")).out);
    expect(sarif.runs[0].tool.driver.rules).toMatchObject([
      {
        id: "AGES_DESCEND",
        shortDescription: { text: "The ages in a list descend." },
        defaultConfiguration: { level: "warning" },
      },
    ]);
  });

  it("is refused when it has another form", async () => {
    const home = place({ "rules.mjs": "export default {};", "examples/list.json": list() });
    const { code, err } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--rules",
      join(home, "rules.mjs"),
    );
    expect(err).toContain("must export a RulePlugin by default");
    expect(code).toBe(2);
  });
});

describe("details of a report", () => {
  it("keep apart, in the same model, values that are missing for different reasons", async () => {
    const both = structuredClone(document);
    Object.assign(both.definitions.Pet, { required: ["name", "age"] });
    const home = place({ "pets.json": both, "examples/1.json": list({ age: 1 }, { name: "A" }) });
    const { out } = await checkIn(home, "--examples", join(home, "examples"));
    expect(out).toMatch(/: 2 errors, 0 warnings$/);
  });

  it("escape markup and control characters in JUnit", async () => {
    const home = place({ "examples/add.json": addPet('{ "name": "Tom", "<b>&\\u0001": 1 }') });
    const { out } = await checkIn(home, "--examples", join(home, "examples"), "--format", "junit");
    expect(parseXml(out).text).toContain("at #/parameters/pet/<b>&\ufffd: ");
  });

  it("ignore only the operation that is named", async () => {
    const home = place({
      "examples/add.json": addPet('{ "name": 1 }'),
      "i.json": { ignore: [{ code: "TYPE_INVALID", operation: "ListPets", reason: "r" }] },
    });
    const { out } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--ignore",
      join(home, "i.json"),
    );
    expect(out).toContain("error TYPE_INVALID");
    expect(out).toContain("warning IGNORE_ENTRY_UNUSED");
  });

  it("count neither shown values of open enums nor alternatives that a value is not", async () => {
    const union = {
      openapi: "3.1.0",
      info: { title: "t", version: "1" },
      paths: {
        "/x": {
          get: {
            operationId: "X",
            responses: {
              "200": {
                description: "",
                content: {
                  "application/json": {
                    schema: {
                      anyOf: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/schemas/B" }],
                    },
                  },
                },
              },
            },
          },
        },
      },
      components: {
        schemas: {
          A: {
            type: "object",
            required: ["k"],
            properties: { k: { const: "a" }, same: { anyOf: [{ enum: ["x", "y"] }, { type: "string" }] } },
          },
          B: { type: "object", required: ["k"], properties: { k: { const: "b" }, same: { type: "string" } } },
        },
      },
    };
    const home = place({
      "pets.json": union,
      "examples/1.json": {
        operationId: "X",
        parameters: {},
        responses: { "200": { headers: {}, body: { k: "a", same: "x" } } },
      },
    });
    const { out } = await checkIn(home, "--examples", join(home, "examples"), "--coverage");
    expect(out).toContain("Coverage: 62.5 % (5 of 8)");
    expect(out).toContain("not shown: B.k, B.same");
    expect(out).toContain("values of open enums: 1 of 2");
  });
});

describe("bodies in recorded traffic", () => {
  const recorded = (method: string, headers: object, response: object, body?: string) =>
    JSON.stringify({
      request: { method, url: "http://h/pets", headers, body },
      response: { headers: {}, ...response },
    });

  it("an empty one is a body, none is none, and no JSON", async () => {
    const octets = structuredClone(document);
    const file = { name: "file", in: "body", required: true, schema: { type: "string", format: "binary" } };
    Object.assign(octets.paths["/pets"].post, { parameters: [file], consumes: ["application/octet-stream"] });
    const lines = `${recorded("POST", { "content-length": "0" }, { status: 201 })}\n${recorded("POST", {}, { status: 201 })}`;
    const home = place({ "octets.json": octets, "t.jsonl": lines });
    const { out } = await check(join(home, "octets.json"), "--traffic", join(home, "t.jsonl"));
    expect(out).toMatch(/t\.jsonl:2:1: error PARAMETER_MISSING [^\n]+\n2 exchanges .*: 1 error, /);
    const json = await checkIn(home, "--traffic", join(home, "t.jsonl"));
    expect(json.out).toContain('error PARAMETER_MISSING at #/parameters: expected the parameter "pet"');
    expect(json.out).not.toContain("TYPE_INVALID");
  });

  it("an answer to HEAD needs none, an answer to GET does", async () => {
    const heads = structuredClone(document);
    Object.assign(heads.paths["/pets"], { head: { ...heads.paths["/pets"].get, operationId: "HeadPets" } });
    const lines = `${recorded("HEAD", {}, { status: 200, headers: { "content-type": "application/json" } })}\n${recorded("GET", {}, { status: 200 })}`;
    const home = place({ "heads.json": heads, "t.jsonl": lines });
    const { out } = await check(join(home, "heads.json"), "--traffic", join(home, "t.jsonl"));
    expect(out).toMatch(/t\.jsonl:2:1: error RESPONSE_BODY_MISSING [^\n]+\n2 exchanges .*: 1 error, /);
  });
});

describe("places and values of a report", () => {
  it("are those of entries, not of pages, in an archive", async () => {
    const entry = `{"request":{"method":"GET","url":"http://h/none","headers":[]},"response":{"status":200,"headers":[],"content":{"size":0}}}`;
    const home = place({ "t.har": `{"log":{"pages":[{"id":"p"},\n{"id":"q"}],\n"entries":[\n${entry}]}}` });
    const { out } = await checkIn(home, "--traffic", join(home, "t.har"));
    expect(out).toMatch(/^t\.har:4:1: error OPERATION_UNKNOWN /);
  });

  it("stay as a rule gives them where it compares something else than the value that is written", async () => {
    const rules = `export default { codes: {}, operations: { AddPet: () => [{ code: "LENGTH", severity: "error",
      pointer: "#/parameters/pet/name", message: "expected 4, got 3", expected: "4", actual: "3" }] } };`;
    const home = place({ "rules.mjs": rules, "examples/add.json": addPet('{ "name": "Tom" }') });
    const { out } = await checkIn(
      home,
      "--examples",
      join(home, "examples"),
      "--rules",
      join(home, "rules.mjs"),
    );
    expect(out).toContain("error LENGTH at #/parameters/pet/name: expected 4, got 3\n");
  });
});
