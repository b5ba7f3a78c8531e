import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, read, sourcesBelow, trackedFiles, type Workspace, workspaces } from "./repository.js";

/**
 * The packages that the code of each package may import. A package that is not listed may import the published ones, and may
 * not be imported.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@sf-image-store/types": [],
  "@sf-image-store/client": ["@sf-image-store/types"],
  "@sf-image-store/emulator": ["@sf-image-store/types"],
  "openapi-contract": [],
  "@sf-image-store/testing": [],
  "@sf-image-store/scripts": [
    "@sf-image-store/client",
    "@sf-image-store/emulator",
    "openapi-contract",
    "@sf-image-store/testing",
  ],
  "@sf-image-store/contract-tests": ["@sf-image-store/types", "openapi-contract"],
  "@sf-image-store/docs": ["@sf-image-store/emulator", "openapi-contract", "sf-image-store"],
  "@sf-image-store/benchmarks": ["@sf-image-store/client", "@sf-image-store/emulator", "sf-image-store"],
};
const onTop = ["@sf-image-store/types", "@sf-image-store/client", "@sf-image-store/emulator"];
/** What the tests of a package may also import. */
const testsMayImport: Readonly<Record<string, readonly string[]>> = {
  "@sf-image-store/client": ["@sf-image-store/emulator"],
  "@sf-image-store/contract-tests": ["@sf-image-store/client", "@sf-image-store/emulator"],
  // The examples in the documentation import them.
  "@sf-image-store/docs": onTop,
};

/** The layers of a package: its files and folders in order. */
interface LayeredPackage {
  readonly package: string;
  /** The folder of the layers in the package. Default: `src`. */
  readonly within?: string;
  /** Files and folders from top to bottom. Each imports only itself and layers below its own. */
  readonly layers: readonly (readonly string[])[];
}

const layeredPackages: readonly LayeredPackage[] = [
  {
    package: "@sf-image-store/browser-demo",
    layers: [["main.ts"], ["page-server.ts"], ["page"]],
  },
  {
    package: "@sf-image-store/contract-tests",
    layers: [["main.ts", "live"], ["rules.ts"], ["applications"], ["example.ts"]],
  },
  {
    package: "@sf-image-store/docs",
    layers: [["main.ts"], ["site"], ["rest", "code-blocks"], ["pages.ts"]],
  },
  {
    package: "@sf-image-store/scripts",
    within: ".",
    layers: [["check", "demo", "release"]],
  },
  {
    package: "@sf-image-store/benchmarks",
    layers: [
      ["main.ts"],
      ["command-line.ts"],
      ["benchmarks"],
      ["report.ts"],
      ["benchmark.ts"],
      ["files.ts"],
      ["children"],
      ["resources.ts"],
    ],
  },
  {
    package: "@sf-image-store/emulator",
    layers: [
      ["main.ts", "index.ts"],
      ["command"],
      ["server"],
      ["handlers"],
      ["explorer"],
      ["image-store.ts"],
      ["option-table.ts"],
      ["options.ts"],
      ["faults"],
      ["applications"],
      ["security"],
      ["sessions", "cluster"],
      ["store"],
      ["wire"],
      ["option-kinds.ts"],
    ],
  },
  {
    package: "@sf-image-store/client",
    layers: [
      ["folder"],
      ["node"],
      ["applications"],
      ["index.ts"],
      ["client.ts"],
      ["package"],
      ["upload"],
      ["operations"],
      ["http"],
      ["wire"],
      ["async"],
      ["errors"],
    ],
  },
  {
    package: "sf-image-store",
    layers: [
      ["main.ts"],
      ["process.ts", "node-version.ts"],
      ["run.ts"],
      ["program.ts"],
      ["commands"],
      ["applications"],
      ["upload"],
      ["command-line", "completion", "doctor", "packing", "bench"],
      ["store"],
      ["connection"],
      ["errors"],
      ["output"],
    ],
  },
  {
    package: "openapi-contract",
    layers: [
      ["main.ts", "index.ts"],
      ["command"],
      ["generate", "check", "diff", "update"],
      ["overlay"],
      ["convert"],
      ["document"],
    ],
  },
];

const names = workspaces.map(({ manifest }) => manifest.name);
const isOurs = (name: string) => names.includes(name);
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isTest = (path: string) => path.includes("/test/");
const linesOf = (path: string) => read(path).split("\n").length - 1;

/** Packages with too few files for an average, and why their files are short. */
const shortFiles: Readonly<Record<string, string>> = {
  "@sf-image-store/types": "It is generated, except for its entry points.",
  "@sf-image-store/browser-demo": "The upload is in a file of its own, for readers to copy.",
};

const code = (name: string) => mayImport[name] ?? onTop.filter((each) => each !== name);
const tests = (name: string) => [
  ...code(name),
  ...(testsMayImport[name] ?? []),
  name,
  "@sf-image-store/testing",
];

function ourImports({ folder }: Workspace, which: (path: string) => boolean): string[] {
  const used = sourcesBelow(folder)
    .filter(which)
    .flatMap((path) => importsOf(path).map(packageOf));
  return [...new Set(used)].filter(isOurs).sort();
}

const beyond = (found: readonly string[], allowed: readonly string[]) =>
  found.filter((name) => !allowed.includes(name));

describe.each(workspaces.map((each) => ({ name: each.manifest.name, workspace: each })))(
  "the package $name",
  ({ name, workspace }) => {
    const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = workspace.manifest;

    it("imports only packages below it", () => {
      const used = ourImports(workspace, (path) => !isTest(path));
      expect(beyond(used, code(name))).toEqual([]);
      expect(beyond(ourImports(workspace, isTest), tests(name))).toEqual([]);
    });

    it("depends only on packages below it", () => {
      const needed = Object.keys({ ...dependencies, ...peerDependencies }).filter(isOurs);
      expect(beyond(needed, code(name))).toEqual([]);
      expect(beyond(Object.keys(devDependencies).filter(isOurs), tests(name))).toEqual([]);
    });

    it("imports nothing outside the package by path", () => {
      const leaving = sourcesBelow(workspace.folder).flatMap((path) =>
        importsOf(path)
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) => posix.join(posix.dirname(path), specifier))
          .filter((target) => !target.startsWith(`${workspace.folder}/`))
          .map((target) => `${path} imports ${target}`),
      );
      expect(leaving).toEqual([]);
    });

    const sources = sourcesBelow(workspace.folder).filter((path) => !isTest(path));

    it("has no module of more than 300 lines", () => {
      expect(sources.filter((path) => linesOf(path) > 300)).toEqual([]);
    });

    it.skipIf(name in shortFiles)("has at least 80 lines per file on average", () => {
      const lines = sources.reduce((sum, path) => sum + linesOf(path), 0);
      expect(lines / sources.length).toBeGreaterThanOrEqual(80);
    });
  },
);

describe.each(layeredPackages)("the layers of $package", ({ package: name, within = "src", layers }) => {
  const folder = posix.join(workspaces.find(({ manifest }) => manifest.name === name)?.folder ?? "", within);
  const sources = sourcesBelow(folder).filter((path) => !isTest(path));
  const entryOf = (path: string) => path.slice(folder.length + 1).split("/", 1)[0] ?? "";
  const layerOf = (path: string) => layers.findIndex((layer) => layer.includes(entryOf(path)));

  it("contain every file and folder", () => {
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((path) => layerOf(path) < 0)).toEqual([]);
    expect(layers.flat().filter((entry) => !sources.some((path) => entryOf(path) === entry))).toEqual([]);
  });

  it("import only from layers below them", () => {
    const upward = sources.flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => posix.join(posix.dirname(path), specifier.replace(/\.js$/, ".ts")))
        .filter((target) => entryOf(target) !== entryOf(path) && layerOf(target) <= layerOf(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it("have no file and folder with the same name", () => {
    const folders = new Set(sources.map((path) => posix.dirname(path)));
    expect(sources.filter((path) => folders.has(path.replace(/\.ts$/, "")))).toEqual([]);
  });
});

describe("the rules of this file", () => {
  it("exempt only packages of fewer than five files from the average", () => {
    const exempt = workspaces.filter(({ manifest }) => manifest.name in shortFiles);
    const counts = exempt.map(({ folder }) => sourcesBelow(folder).filter((path) => !isTest(path)).length);
    expect(counts).toHaveLength(Object.keys(shortFiles).length);
    expect(Math.max(...counts)).toBeLessThan(5);
  });

  it("keep scripts thin: each file has fewer than 150 lines, and nothing imports them", () => {
    const scripts = trackedFiles.filter((path) => /^scripts\/(?!test\/).*\.m?ts$|\.mjs$/.test(path));
    expect(scripts.length).toBeGreaterThan(5);
    expect(scripts.filter((path) => linesOf(path) >= 150)).toEqual([]);
    expect(Object.values(mayImport).flat()).not.toContain("@sf-image-store/scripts");
  });

  it("name only packages that exist", () => {
    const named = [...Object.keys(mayImport), ...Object.keys(testsMayImport)];
    expect(beyond([...named, ...Object.values(mayImport).flat(), ...onTop], names)).toEqual([]);
  });

  it("find all imports", () => {
    const client = workspaces.find(({ folder }) => folder === "packages/client");
    expect(client && ourImports(client, (path) => !isTest(path))).toEqual(["@sf-image-store/types"]);
    expect(client && ourImports(client, isTest)).toContain("@sf-image-store/emulator");
    expect(importsOf("packages/client/src/upload/uploads.ts")).toContain("./upload-and-verify.js");
    expect(importsOf("packages/client/src/upload/uploads.ts")).toContain("../wire/store-path.js");
  });

  it("leave import cycles to Biome, whose rule is enabled", () => {
    const { linter, overrides } = JSON.parse(read("biome.json"));
    // Type imports count, too.
    expect(linter.rules.suspicious.noImportCycles).toEqual({
      level: "error",
      options: { ignoreTypes: false },
    });
    expect(JSON.stringify(overrides)).not.toContain("noImportCycles");
    const disabled = workspaces
      .flatMap(({ folder }) => sourcesBelow(folder))
      .filter((path) => /biome-ignore\s[^\n]*noImportCycles/.test(read(path)));
    expect(disabled).toEqual([]);
  });
});
