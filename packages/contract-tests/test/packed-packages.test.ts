import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const packages = ["types", "client", "emulator"];
const project = mkdtempSync(join(tmpdir(), "sf-image-store-project-"));
afterAll(() => rmSync(project, { recursive: true }));

/**
 * A project outside the workspace with the packed packages in its node_modules, as an install would lay them out. Their
 * dependencies are linked from the workspace, so that this runs without a network.
 */
beforeAll(() => {
  for (const name of packages) installPacked(name);
  for (const name of ["typescript", "@types/node"]) link(join(root, "node_modules", name), name);
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "readme.ts"), readmeExample());
}, 120_000);

function installPacked(name: string): void {
  const source = join(root, "packages", name);
  pnpm(source, "run", "build");
  const scratch = mkdtempSync(join(project, "pack-"));
  pnpm(source, "pack", "--pack-destination", scratch);
  const [tarball = ""] = readdirSync(scratch);
  execFileSync("tar", ["-xzf", tarball], { cwd: scratch });
  cpSync(join(scratch, "package"), join(project, "node_modules/@sf-image-store", name), { recursive: true });
  rmSync(scratch, { recursive: true });
  const { dependencies = {} } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  for (const dependency of Object.keys(dependencies)) {
    if (!dependency.startsWith("@sf-image-store/"))
      link(join(source, "node_modules", dependency), dependency);
  }
}

function pnpm(cwd: string, ...args: string[]): void {
  execFileSync("pnpm", ["--silent", ...args], { cwd, stdio: "pipe", shell: process.platform === "win32" });
}

function link(target: string, name: string): void {
  const place = join(project, "node_modules", name);
  mkdirSync(resolve(place, ".."), { recursive: true });
  symlinkSync(target, place, "junction");
}

/** The first TypeScript block of the README, as printed. */
function readmeExample(): string {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  return /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
}

function run(program: string, args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, [program, ...args], { cwd: project, encoding: "utf8" });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new Error(`${program} failed:\n${output}`, { cause: error });
  }
}

describe("a project that installs the packed packages", () => {
  it.each([
    ["nodenext", "node"],
    ["bundler", "dom"],
  ])(
    "compiles the README's example strictly under moduleResolution %s with the types of %s",
    (resolution, platform) => {
      const compilerOptions = {
        target: "es2022",
        module: resolution === "bundler" ? "esnext" : "nodenext",
        moduleResolution: resolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        lib: platform === "dom" ? ["es2022", "dom", "esnext.disposable"] : ["es2022", "esnext.disposable"],
        types: platform === "dom" ? [] : ["node"],
      };
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({ compilerOptions, files: ["readme.ts"] }),
      );
      expect(run(join(root, "node_modules/typescript/bin/tsc"), ["-p", "tsconfig.json"])).toBe("");
    },
  );

  it("runs it and gets the session that it prints", () => {
    cpSync(join(project, "readme.ts"), join(project, "readme.mjs"));
    const output = run("readme.mjs", []);
    expect(output).toContain("storeRelativePath: 'MyApp/Code.zip'");
    expect(output).toContain("expectedRanges: [ { startPosition: 4, endPosition: 9 } ]");
  });

  it("has the emulator's command", () => {
    const manifest = JSON.parse(
      readFileSync(join(project, "node_modules/@sf-image-store/emulator/package.json"), "utf8"),
    );
    const command = join("node_modules/@sf-image-store/emulator", manifest.bin["sf-image-store-emulator"]);
    expect(run(command, ["--version"])).toBe(`${manifest.version}\n`);
  });

  it.each(packages)("finds no workspace or catalog reference in %s, but its README and licence", (name) => {
    const folder = join(project, "node_modules/@sf-image-store", name);
    expect(readFileSync(join(folder, "package.json"), "utf8")).not.toMatch(/workspace:|catalog:/);
    expect(readdirSync(folder).sort()).toEqual(["LICENSE", "README.md", "dist", "package.json", "src"]);
  });
});
