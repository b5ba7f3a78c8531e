import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { runNode } from "@sf-image-store/testing";
import { joined, type Result } from "./run.js";

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, "../../..");

/** The compilers that generated code has to pass, by version. */
export const compilers: Readonly<Record<string, string>> = {
  "5.7": require.resolve("typescript-oldest/bin/tsc"),
  "5.9": require.resolve("typescript/bin/tsc"),
  "6": require.resolve("typescript-6/bin/tsc"),
  "7": join(root, "node_modules/typescript/bin/tsc"),
};

/** Makes openapi-fetch importable in `folder`, as an installation does. */
export function linkOpenapiFetch(folder: string): void {
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  const target = dirname(dirname(fileURLToPath(import.meta.resolve("openapi-fetch"))));
  symlinkSync(realpathSync(target), join(folder, "node_modules/openapi-fetch"), "junction");
}

/** Compiles every module in `folder` under strict. */
export function compileStrictly(
  folder: string,
  compiler: string,
  exactOptionalPropertyTypes: boolean,
): Promise<Result> {
  const options = {
    target: "es2022",
    lib: ["es2023", "dom"],
    module: "nodenext",
    moduleDetection: "force",
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes,
    skipLibCheck: true,
    noEmit: true,
  };
  const project = join(folder, `tsconfig.${exactOptionalPropertyTypes ? "exact" : "loose"}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
  return joined(runNode([compilers[compiler] ?? compiler, "-p", project], { cwd: folder }));
}
