import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brokenTypeTests } from "../release/snapshot.js";
import { ProjectCopy } from "./spec-diff-copy.js";

const schema = "packages/types/src/generated/schema.ts";
const table = "packages/types/src/generated/operations.ts";
const index = "packages/types/src/index.ts";
const snapshot = "specs/released/generated";

let copy: ProjectCopy;
beforeAll(async () => {
  copy = new ProjectCopy();
  copy.setVersion("0.1.0");
  expect(await copy.release("snapshot")).toEqual({
    code: 0,
    output: `The contract of 0.1.0 is kept in ${snapshot}. Commit it with the versions.\n`,
  });
});
afterAll(() => copy[Symbol.dispose]());

describe("keeping what a release promises", () => {
  it("keeps the contract, its use and the type tests, and they hold for what was released", async () => {
    expect(copy.read(`${snapshot}/contract.json`)).toContain('"openapi": "3.1.0"');
    expect(copy.read(`${snapshot}/surface.ts`)).toContain("operation UploadFile");
    expect(copy.read(`${snapshot}/surface.test-d.ts`)).toBe(
      copy.read("packages/types/test/surface.test-d.ts"),
    );
    expect(await copy.release("types")).toEqual({
      code: 0,
      output: "Everything that release 0.1.0 let its users write still compiles.\n",
    });
  });

  it("has nothing to keep before the first release, and misses what a later one kept", async () => {
    using fresh = new ProjectCopy();
    expect(await fresh.release("snapshot")).toMatchObject({ code: 0 });
    expect(existsSync(join(fresh.folder, snapshot))).toBe(false);
    expect(await fresh.release("types")).toEqual({
      code: 0,
      output: "Nothing has been released yet: there are no types to keep.\n",
    });
    fresh.setVersion("0.1.0");
    const { code, stdout, stderr } = await fresh.run("scripts/release/main.ts", "types");
    expect(stderr).toContain("contract.json: is missing, though 0.1.0 is released");
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("keeps nothing new when the types do not fit their own contract", async () => {
    const before = copy.read(`${snapshot}/surface.ts`);
    const edit = [schema, "SessionId: string;", "Session: string;"] as const;
    const { code, output } = await copy.whileEdited(edit, () => copy.release("snapshot"));
    expect(output).toContain("UploadSessionInfo.SessionId, read as string");
    expect(code).toBe(1);
    expect(copy.read(`${snapshot}/surface.ts`)).toBe(before);
  });
});

/** What is taken away, where, and how it is named. All at once: each has to be named beside the others. */
const removals: readonly [what: string, file: string, old: string, next: string, told: string][] = [
  ["a property is removed", schema, "SessionId: string;", "", "UploadSessionInfo.SessionId, read as string"],
  [
    "a property is renamed",
    schema,
    "StartPosition: ",
    "From: ",
    "UploadChunkRange.StartPosition, read as string",
  ],
  [
    "a type changes",
    schema,
    "EndPosition: string",
    "EndPosition: number",
    "UploadChunkRange.EndPosition, read as",
  ],
  [
    "a property may be missing",
    schema,
    "FileSize: string",
    "FileSize?: string",
    "FileInfo.FileSize, read as",
  ],
  ["a model is removed", schema, " FolderSizeInfo: {", " FolderSize: {", "model FolderSizeInfo"],
  [
    "more is required",
    schema,
    "SkipFiles?:",
    "SkipFiles:",
    "with nothing but RemoteSource, RemoteDestination",
  ],
  ["a value goes", schema, '"Echo" | ', "", "ImageStoreCopyDescription.CopyFlag, written as"],
  [
    "an operation is renamed",
    table,
    '"GetImageStoreInfo"',
    '"GetInfo"',
    "operation GetImageStoreInfo in the",
  ],
  ["an export goes", index, "type Parameter }", "}", "import type { Operation"],
];

describe("a type that is taken away is named when", () => {
  let told: string[];
  beforeAll(async () => {
    const files = new Map([schema, table, index].map((file) => [file, copy.read(file)]));
    for (const [, file, old, next] of removals) copy.edit(file, old, next);
    told = brokenTypeTests(copy.folder).map(({ what }) => what);
    for (const [file, text] of files) copy.write(file, text);
  });

  it.each(removals)("%s", (_what, _file, _old, _next, name) => {
    expect(told).toContainEqual(expect.stringContaining(name));
  });

  it("and nothing else is", () => {
    expect(told).not.toContainEqual(expect.stringContaining("FileVersion."));
    expect(told.length).toBeLessThan(30);
  });
});

describe("a type that is taken away", () => {
  it("may go with a major changeset, and with no lesser one", async () => {
    const changeset = (level: string) => `---\n"@sf-image-store/types": ${level}\n---\n\nText.\n`;
    await copy.whileEdited([schema, "SessionId: string;", ""], async () => {
      copy.write(".changeset/mine.md", changeset("minor"));
      const refused = await copy.release("types");
      expect(refused.output).toContain("What release 0.1.0 let its users write no longer compiles:\n");
      expect(refused.output).toContain("Property 'SessionId' does not exist");
      expect(refused.output).toContain("Run: pnpm spec:diff --changeset");
      expect(refused.code).toBe(1);
      copy.write(".changeset/mine.md", changeset("major"));
      const covered = await copy.release("types");
      expect(covered.output).toContain("Covered by the major changeset .changeset/mine.md.");
      expect(covered.code).toBe(0);
    });
  });

  it("is nothing that was only added", async () => {
    const edit = [schema, "SessionId: string;", "SessionId: string; Owner?: string;"] as const;
    expect(await copy.whileEdited(edit, () => brokenTypeTests(copy.folder))).toEqual([]);
  });

  it("is a table that no longer leads to the types of its operations", async () => {
    const edit = [table, '"path": "/ImageStore",', '"path": "/Images",'] as const;
    expect(await copy.whileEdited(edit, () => brokenTypeTests(copy.folder))).toMatchObject([
      { file: "surface.test-d.ts", what: "Expect<Same<Addressed, OperationId>>," },
    ]);
  });

  it("is a list of operations that any text belongs to", async () => {
    const edit = [
      table,
      "export type OperationId = keyof typeof operations;",
      "export type OperationId = string;",
    ] as const;
    const told = await copy.whileEdited(edit, () => brokenTypeTests(copy.folder));
    expect(told.map(({ what }) => what)).toContain("Expect<string extends OperationId ? false : true>,");
  });
});
