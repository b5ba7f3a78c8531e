import { execFileSync, spawnSync } from "node:child_process";
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
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { sharedFolder } from "@sf-image-store/testing";
import {
  type PublishedPackage,
  pack,
  publishedPackages,
  typeScriptBlocks,
} from "@sf-image-store/testing/packages";
import { beforeAll, describe, expect, it } from "vitest";

const require = createRequire(import.meta.url);
const root = resolve(import.meta.dirname, "../../..");
const packages = publishedPackages(root);
const names = packages.map(({ name }) => name);
const project = sharedFolder();

/**
 * A project outside the workspace with the packed packages in its node_modules, as an install would lay them out. Their
 * dependencies are linked from the workspace, so that this runs without a network; `pnpm release:rehearse` installs for real.
 * `pnpm check` builds what is packed; alone, run `pnpm build` first.
 */
beforeAll(() => {
  for (const each of packages) installPacked(each);
  for (const name of ["typescript", "@types/node", "vitest"]) link(join(root, "node_modules", name), name);
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(project, "readme.ts"), typeScriptBlocks(join(root, "README.md"))[0] ?? "");
}, 120_000);

function installPacked(each: PublishedPackage): void {
  const scratch = mkdtempSync(join(project, "pack-"));
  execFileSync("tar", ["-xzf", pack(each, scratch)], { cwd: scratch });
  cpSync(join(scratch, "package"), join(project, "node_modules", each.name), { recursive: true });
  rmSync(scratch, { recursive: true });
  const { dependencies = {} } = JSON.parse(readFileSync(join(each.folder, "package.json"), "utf8"));
  for (const dependency of Object.keys(dependencies)) {
    if (names.includes(dependency)) continue;
    // Below the package itself: another one, or the project, may have another version.
    link(join(each.folder, "node_modules", dependency), `${each.name}/node_modules/${dependency}`);
  }
}

/** All entry points with types. */
function entries(): string[] {
  return packages.flatMap(({ name, folder }) => {
    const { exports = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return Object.keys(exports)
      .filter((path) => typeof exports[path] === "object" && exports[path].types !== undefined)
      .map((path) => path.replace(".", name));
  });
}

function link(target: string, name: string): void {
  const place = join(project, "node_modules", name);
  mkdirSync(resolve(place, ".."), { recursive: true });
  symlinkSync(target, place, "junction");
}

function run(program: string, args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, [program, ...args], { cwd: project, encoding: "utf8" });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new Error(`${program} failed:\n${output}`, { cause: error });
  }
}

/** Compiles files of the project in strict mode. Returns the output of the compiler. */
function compile(
  files: readonly string[],
  resolution: string,
  platform: string,
  more = {},
  compiler = "typescript/package.json",
): string {
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
    ...more,
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  return run(join(require.resolve(compiler), "../bin/tsc"), ["-p", "tsconfig.json"]);
}

describe("the packed packages", () => {
  it.each(names)(
    "%s has no sources, source maps or tests, and offers nothing that it does not have",
    (name) => {
      const folder = join(project, "node_modules", name);
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
        (path) => !/^node_modules/.test(path),
      );
      expect(files.length).toBeGreaterThan(5);
      expect(files.filter((path) => /\.map$|^(src|test)\b|(?<!\.d)\.ts$/.test(path))).toEqual([]);
      const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      expect(JSON.stringify(exports)).not.toContain("src/");
    },
  );
});

describe("a project that installs the packed packages", () => {
  it.each([
    ["nodenext", "node"],
    ["bundler", "dom"],
  ])(
    "compiles the README's example strictly under moduleResolution %s with the types of %s",
    (resolution, platform) => expect(compile(["readme.ts"], resolution, platform)).toBe(""),
  );

  it.each([
    ["nodenext", "typescript/package.json"],
    ["nodenext", "typescript-oldest/package.json"],
    ["bundler", "typescript-oldest/package.json"],
  ])("compiles without the types of Node.js, and with default libraries (%s, %s)", (resolution, compiler) => {
    const program = entries().map((entry, at) => `export * as e${at} from "${entry}";\n`);
    writeFileSync(join(project, "entries.ts"), program.join(""));
    const bare = { lib: undefined, types: [] };
    expect(compile(["entries.ts"], resolution, "none", bare, compiler)).toBe("");
  });

  it("runs the README's example and gets the session that it prints", () => {
    cpSync(join(project, "readme.ts"), join(project, "readme.mjs"));
    const output = run("readme.mjs", []);
    expect(output).toContain("storeRelativePath: 'MyApp/Data.zip'");
    expect(output).toContain("1000000 bytes sent, 0 bytes were already there");
    expect(output).toContain("expectedRanges: [ { startPosition: 4, endPosition: 9 } ]");
  });

  it("compiles every example in the README of every package", () => {
    const files = packages.flatMap(({ name, folder }) =>
      typeScriptBlocks(join(folder, "README.md")).map((program, at) => {
        const file = `${name.replace("/", "-")}-${at}.ts`;
        writeFileSync(join(project, file), program);
        return file;
      }),
    );
    expect(files.length).toBeGreaterThan(3);
    // One of them is a test. The types of the test runner need packages that the project does not have.
    expect(compile(files, "nodenext", "node", { skipLibCheck: true })).toBe("");
  });

  it.each(
    packages.flatMap((each) =>
      Object.entries(each.bin).map(([command, file]) => ({ ...each, command, file })),
    ),
  )("has the command $command", ({ name, version, file }) => {
    expect(run(join("node_modules", name, file), ["--version"])).toBe(`${version}\n`);
  });

  it("has an openapi-contract that names itself in SARIF", () => {
    const document = { openapi: "3.1.0", info: { title: "T", version: "1" }, paths: {} };
    writeFileSync(join(project, "empty.json"), JSON.stringify(document));
    mkdirSync(join(project, "examples"), { recursive: true });
    const example = { operationId: "No", parameters: {}, responses: {} };
    writeFileSync(join(project, "examples/a.json"), JSON.stringify(example));
    const main = join(project, "node_modules/openapi-contract/dist/main.js");
    const args = ["check", "empty.json", "--examples", "examples", "--format", "sarif"];
    const { stdout } = spawnSync(process.execPath, [main, ...args], { cwd: project, encoding: "utf8" });
    expect(JSON.parse(stdout).runs[0].tool.driver).toMatchObject({
      name: "openapi-contract",
      version: packages.find(({ name }) => name === "openapi-contract")?.version,
    });
  });

  it.each(names)(
    "finds no workspace or catalog reference in %s, and finds its README and license",
    (name) => {
      const folder = join(project, "node_modules", name);
      const manifest = readFileSync(join(folder, "package.json"), "utf8");
      expect(manifest).not.toMatch(/workspace:|catalog:/);
      expect(
        readdirSync(folder)
          .filter((name) => name !== "node_modules")
          .sort(),
      ).toEqual(["LICENSE", "README.md", ...JSON.parse(manifest).files, "package.json"].sort());
    },
  );

  it("can read from the types which specification they were generated from", () => {
    const program = `
      import { createHash } from "node:crypto";
      import { openapi } from "@sf-image-store/types/openapi";
      import manifest from "@sf-image-store/types/package.json" with { type: "json" };
      const sha256 = createHash("sha256").update(JSON.stringify(openapi)).digest("hex");
      console.log(manifest.imageStoreSpec.version === openapi.info.version, manifest.imageStoreSpec.sha256 === sha256);`;
    writeFileSync(join(project, "specification.mjs"), program);
    expect(run("specification.mjs", [])).toBe("true true\n");
  });
});
