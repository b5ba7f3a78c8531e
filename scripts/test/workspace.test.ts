import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createVitest } from "vitest/node";
import { parse } from "yaml";
import { type Manifest, read, root, trackedFiles, workspaces } from "./repository.js";

const { catalog, catalogs } = parse(read("pnpm-workspace.yaml"));
const lockfile = read("pnpm-lock.yaml");
const manifests: readonly Manifest[] = [
  JSON.parse(read("package.json")),
  ...workspaces.map(({ manifest }) => manifest),
];

describe("versions of dependencies", () => {
  it("are exact and come from the catalog", () => {
    const versions = [catalog, ...Object.values<Record<string, string>>(catalogs)].flatMap(Object.values);
    // A second version of a package has an alias.
    const exact = /^(npm:[\w/@-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
    expect(versions.filter((version) => !exact.test(version))).toEqual([]);
    const elsewhere = manifests.flatMap(({ name, dependencies, devDependencies, optionalDependencies }) =>
      Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
        .filter(([, range]) => !/^(catalog:\w*|workspace:\^)$/.test(range))
        .map(([dependency, range]) => `${name}: ${dependency} ${range}`),
    );
    expect(elsewhere).toEqual([]);
  });

  it("are listed once, except for the compiler that generates code and documentation", () => {
    const twice = Object.entries<Record<string, string>>(catalogs).flatMap(([name, versions]) =>
      Object.keys(versions).map((dependency) => `${name}: ${dependency}`),
    );
    expect(twice).toEqual(["codegen: typescript"]);
    const users = manifests.filter(({ dependencies }) => dependencies?.["typescript"] === "catalog:codegen");
    expect(users.map(({ name }) => name).sort()).toEqual(["@sf-image-store/docs", "@sf-image-store/scripts"]);
  });
});

describe("the lockfile", () => {
  it("has the packages of installed packages for all platforms", () => {
    const store = join(root, "node_modules/.pnpm");
    const installed = readdirSync(store).flatMap((entry) => {
      const name = entry.replace(/^(@[^+]+)\+/, "$1/").replace(/(?<=.)@.*$/, "");
      const file = join(store, entry, "node_modules", name, "package.json");
      return existsSync(file) ? [file] : [];
    });
    const wanted = installed.flatMap((file) => {
      const manifest: Manifest = JSON.parse(read(file.slice(root.length + 1)));
      return Object.entries(manifest.optionalDependencies ?? {}).map(([name, range]) =>
        /^\d/.test(range) ? `${name}@${range}` : `${name}@`,
      );
    });
    expect(wanted.join()).toContain("@rolldown/binding-win32-x64-msvc@");
    expect(wanted.filter((each) => !lockfile.includes(each))).toEqual([]);
  });

  it("contains no URL", () => {
    expect(lockfile.match(/https?:|tarball:/g)).toBeNull();
  });
});

describe("files", () => {
  it("with tests are all run by Vitest or the compiler", async () => {
    const run = await Promise.all(["vitest.config.ts", "vitest.long.config.ts"].map(testFiles));
    const tests = trackedFiles.filter((path) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(path));
    expect(tests.length).toBeGreaterThan(50);
    expect(tests.filter((path) => !run.flat().includes(normal(join(root, path))))).toEqual([]);
    const typeTests = trackedFiles.filter((path) => path.endsWith(".test-d.ts"));
    // The tsconfig.json of each package includes src and test.
    const places = /^packages\/[^/]+\/test\//;
    expect(typeTests.filter((path) => !places.test(path))).toEqual([]);
    for (const path of typeTests) {
      const folder = path.split("/").slice(0, 2).join("/");
      expect(JSON.parse(read(`${folder}/tsconfig.json`)).include).toContain("test");
    }
  });

  it("contain no paths of a machine and no registry", () => {
    // Written in parts, so that this file does not match.
    const traces = ["/ro_ot/", "/tm_p/", "/wo_rk/", "/Us_ers/", "registry_\\.npmjs", "\\.lib_rary/"];
    const trace = new RegExp(`(?<![\\w.])(?:${traces.join("|").replaceAll("_", "")})`);
    const found = trackedFiles.filter((path) => trace.test(read(path)));
    expect(trace.test(["", "root", "project"].join("/"))).toBe(true);
    expect(found).toEqual([]);
  });
});

/** The files that Vitest runs by a configuration. */
async function testFiles(config: string): Promise<string[]> {
  const vitest = await createVitest("test", { root, config: join(root, config), watch: false });
  try {
    return (await vitest.globTestSpecifications()).map(({ moduleId }) => normal(moduleId));
  } finally {
    await vitest.close();
  }
}

function normal(path: string): string {
  return path.replaceAll("\\", "/");
}
