import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runApiReports } from "../release/api-reports.js";

const report = "packages/shapes/api/index.api.md";
const declarations = "packages/shapes/dist/index.d.ts";
const shapes = `import type { Point } from "./point.js";
/** A circle. */
export interface Circle {
  readonly center: Point;
  readonly radius: number;
}
/** @deprecated Use circles. */
export declare function square(width: number): Uint8Array;
`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sf-image-store-api-test-"));
  const exports = {
    ".": { types: "./dist/index.d.ts" },
    "./extra/solid": { types: "./dist/solid.d.ts" },
    "./package.json": "./package.json",
  };
  put("packages/shapes/package.json", JSON.stringify({ name: "shapes", version: "1.0.0", exports }));
  put("packages/secret/package.json", JSON.stringify({ name: "secret", version: "1.0.0", private: true }));
  put(declarations, shapes);
  put("packages/shapes/dist/point.d.ts", "export interface Point {\n  readonly x: number;\n}\n");
  put("packages/shapes/dist/solid.d.ts", "export declare const cube: AsyncDisposable;\n");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function api(...args: string[]): { code: number; output: string } {
  const lines: string[] = [];
  const code = runApiReports(args, root, {
    log: (text) => lines.push(text),
    error: (what) => lines.push(String(what)),
  });
  return { code, output: lines.join("\n") };
}

describe("pnpm api", () => {
  it("writes a report per entry point, and removes the report of one that is gone", () => {
    put("packages/shapes/api/gone.api.md", "old");
    expect(api()).toEqual({
      code: 0,
      output: [
        `${report}: 20 lines`,
        "packages/shapes/api/extra-solid.api.md: 10 lines",
        "packages/shapes/api/gone.api.md: removed",
      ].join("\n"),
    });
    expect(existsSync(join(root, "packages/shapes/api/gone.api.md"))).toBe(false);
    expect(readFileSync(join(root, report), "utf8")).toContain(
      [
        "export interface Circle {",
        "    readonly center: Point;",
        "    readonly radius: number;",
        "}",
        "",
        "interface Point {",
        "    readonly x: number;",
        "}",
        "",
        "// @public @deprecated",
        "export function square(width: number): Uint8Array;",
      ].join("\n"),
    );
    expect(api("--check")).toEqual({ code: 0, output: "2 API reports are up to date." });
  });

  it("shows how a changed declaration changes the API, one that is not exported included", () => {
    api();
    put(declarations, shapes.replace("width: number", "width: number, height?: number"));
    put("packages/shapes/dist/point.d.ts", "export interface Point {\n  readonly x: bigint;\n}\n");
    const { code, output } = api("--check");
    expect(output).toContain(`--- ${report}\tcommitted\n+++ ${report}\tbuilt\n`);
    expect(output.match(/^[-+] ?\w.*|^[-+] .*/gm)).toEqual([
      "-    readonly x: number;",
      "+    readonly x: bigint;",
      "-export function square(width: number): Uint8Array;",
      "+export function square(width: number, height?: number): Uint8Array;",
    ]);
    expect(output).toMatch(/\nRun: pnpm api$/);
    expect(code).toBe(1);
  });

  it("shows a report that is missing, and one that is left over", () => {
    api();
    rmSync(join(root, report));
    put("packages/secret/api/index.api.md", "left over\n");
    const { code, output } = api("--check");
    expect(output).toContain("+export interface Circle {");
    expect(output).toContain("-left over");
    expect(code).toBe(1);
  });

  it("does not depend on doc comments", () => {
    api();
    put(declarations, shapes.replace("/** A circle. */\n", ""));
    expect(api("--check").code).toBe(0);
  });

  it("fails without a build, and for declarations that do not compile", () => {
    put(declarations, "export declare const broken: ;\n");
    const message = expect.stringMatching(/^Cannot make an API report of .*index\.d\.ts\. /);
    expect(api("--check")).toMatchObject({ code: 2, output: message });
    rmSync(join(root, declarations));
    expect(api("--check")).toMatchObject({ code: 2, output: expect.stringContaining("Run: pnpm build") });
    expect(api("--chek").code).toBe(2);
  });
});
