import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runTypeScript } from "@sf-image-store/testing";
import { afterAll, expect, it } from "vitest";
import { joined } from "./run.js";

const folder = mkdtempSync(join(tmpdir(), "openapi-contract-corpus-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const document = (version: string, schema: string) => `openapi: "${version}"
info: { title: T, version: "1" }
paths: {}
components: { schemas: { A: ${schema} } }
`;

function write(name: string, text: string): void {
  mkdirSync(resolve(folder, "documents", name, ".."), { recursive: true });
  writeFileSync(join(folder, "documents", name), text);
}

const corpus = (...args: string[]) =>
  joined(runTypeScript("packages/openapi-contract/scripts/corpus.ts", args, { cwd: folder }));

// It runs the built command; alone, run `pnpm build` first.
it("counts what became of each maker's documents, beside openapi-typescript", async () => {
  write("one/good.yaml", document("3.1.0", "{ type: string }"));
  write("one/copy.yaml", document("3.1.0", "{ type: string }"));
  write("one/notes.yaml", "title: no document\n");
  write(
    "two/deep/old.json",
    JSON.stringify({ swagger: "2.0", info: { title: "T", version: "1" }, paths: {} }),
  );
  write("two/bad.yaml", document("3.0.3", '{ $ref: "#/components/schemas/None" }'));
  const results = join(folder, "results.json");
  const { code, output } = await corpus("documents", "--json", results);
  expect(code).toBe(0);
  const rows = output.split("\n").map((line) => line.split(/ {2,}/));
  expect(rows.find(([maker]) => maker === "one")).toEqual([
    "one",
    "1",
    "1",
    "0",
    "0",
    "0",
    "1",
    "1",
    "0",
    "1",
  ]);
  expect(rows.find(([maker]) => maker === "two")?.slice(0, 7)).toEqual(["two", "2", "1", "1", "0", "0", "1"]);
  expect(output).toContain("Swagger 2.0: 1 of 1 generated");
  expect(output).toContain("1  refused: ");
  const entries: { file: string; ours: { outcome: string } }[] = JSON.parse(readFileSync(results, "utf8"));
  expect(entries.map(({ ours }) => ours.outcome)).toEqual(["generated", "refused", "generated"]);
});

it("says so when a folder holds no document", async () => {
  mkdirSync(join(folder, "empty"));
  const { code, output } = await corpus("empty");
  expect(output).toBe("empty holds no Swagger or OpenAPI document\n");
  expect(code).toBe(2);
});
