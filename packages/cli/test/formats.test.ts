import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { resultFormatters } from "../src/output/formats.js";
import { runCli } from "./cli-process.js";
import { type StoreForTest, storeForTest } from "./store-for-test.js";

async function storeWithContent(): Promise<StoreForTest> {
  const store = await storeForTest();
  await store.put("App/a.txt", 1024);
  await store.put("App/Pkg/b.txt", 5);
  return store;
}

describe("--output", () => {
  it("json is the same as --json", async () => {
    const { run } = await storeWithContent();
    const [long, short] = [await run("ls", "App", "--json"), await run("ls", "App", "-o", "json")];
    expect(short).toEqual(long);
    expect(JSON.parse((await run("-ojson", "ls", "No")).stdout)).toMatchObject({ ok: false, command: "ls" });
    expect(JSON.parse((await run("-o", "json", "ls", "--bad")).stdout)).toMatchObject({ ok: false });
  });

  it("yaml is the result of --json in YAML", async () => {
    const { run } = await storeWithContent();
    const json = JSON.parse((await run("stat", "App", "--json")).stdout);
    expect(parse((await run("stat", "App", "-o", "yaml")).stdout)).toEqual(json.result);
    expect((await run("ls", "App/Pkg", "-o", "yaml")).stdout).toMatch(
      /^storePath: App\/Pkg\nentries:\n {2}- kind: file\n {4}storePath: App\/Pkg\/b\.txt\n {4}fileSize: 5\n {4}modifiedDate: "/,
    );
  });

  it("table shows all members of the entries of a list, with their names", async () => {
    const { run } = await storeWithContent();
    const lines = (await run("ls", "-l", "App", "--output", "table")).stdout.split("\n");
    expect(lines[0]).toMatch(
      /^kind +storePath +fileSize +modifiedDate +fileCount +size +newestDate +isComplete$/,
    );
    expect(lines[1]).toMatch(/^file +App\/a\.txt +1024 +\S+Z$/);
    expect(lines[2]).toMatch(/^folder +App\/Pkg +1 +5 +\S+Z +false$/);
  });

  it("table shows a line per member if the result is not a list", async () => {
    const { run } = await storeWithContent();
    expect((await run("stat", "App", "-o", "table")).stdout).toMatch(
      /^kind +folder\nstorePath +App\nfileCount +2$/m,
    );
    expect((await run("info", "-o", "table")).stdout).toMatch(/^diskInfo\.capacity +\d+$/m);
  });

  it("tsv has a header and one tab between columns", async () => {
    const { run } = await storeWithContent();
    expect((await run("du", "App", "-o", "tsv")).stdout).toBe("storePath\tsize\nApp/Pkg\t5\nApp\t1029\n");
    expect((await run("session", "list", "App", "-o", "tsv", "-q")).stdout).toBe("");
  });

  it("does not change messages and errors", async () => {
    const { run } = await storeWithContent();
    for (const format of ["table", "tsv", "yaml"]) {
      expect(await run("ls", "No", "-o", format)).toMatchObject({
        ...{ code: 4, stdout: "", stderr: expect.stringMatching(/^Error: /) },
      });
    }
  });

  it("rejects other formats, and a second one", async () => {
    expect((await runCli("ls", "-o", "xml")).stderr).toMatch(/Allowed choices are json, table, tsv, yaml/);
    expect((await runCli("ls", "--json", "-o", "yaml")).code).toBe(2);
  });
});

describe("yaml", () => {
  const strings = [
    ...[
      "",
      " ",
      "a",
      "true",
      "No",
      "y",
      "null",
      "~",
      "-",
      "- a",
      "a: b",
      "a #b",
      "#",
      "1",
      "1e3",
      "0x1",
      "1:20",
      ".5",
    ],
    ...[
      "a\nb",
      "\ttab",
      '"',
      "\\",
      "'",
      "ü 🎉",
      "\u202e",
      "\u{e0041}",
      "##vso[a]b",
      "::error::x",
      "a/b c.txt",
      "*a",
      "&a",
    ],
    ...[
      "!a",
      "@",
      "`",
      "%",
      "{a",
      "[a",
      "2026-11-27T12:00:00.000Z",
      "a ",
      "=",
      "<<",
      "...",
      "---",
      "\u0085",
      "\ufeff",
    ],
  ];

  it.each(["1.1", "1.2"] as const)("keeps every value, for YAML %s", (version) => {
    const document = {
      ...{ strings, nested: [[], [[1, [2]], {}], { a: [], b: {} }], none: null, yes: true, no: false },
      ...{ number: -1.5e21, "key: with colon": { "": 1 } },
    };
    const text = resultFormatters.yaml(document, undefined);
    expect(parse(text, { version })).toEqual(document);
    expect(text).not.toMatch(/##|::|[\p{Cf}]/u);
  });
});
