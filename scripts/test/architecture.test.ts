import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { importsOf, read, sourcesBelow, type Workspace, workspaces } from "./repository.js";

/**
 * What the code of each package may import of the others. A package that is not here may import what is published, and
 * nothing may import it.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "@sf-image-store/types": [],
  "@sf-image-store/client": ["@sf-image-store/types"],
  "@sf-image-store/emulator": ["@sf-image-store/types"],
  "@sf-image-store/scripts": ["@sf-image-store/client", "@sf-image-store/emulator"],
  "@sf-image-store/contract-tests": ["@sf-image-store/types", "@sf-image-store/scripts"],
  "@sf-image-store/docs": ["@sf-image-store/scripts"],
  "@sf-image-store/benchmarks": ["@sf-image-store/client", "@sf-image-store/emulator", "sf-image-store"],
};
const onTop = ["@sf-image-store/types", "@sf-image-store/client", "@sf-image-store/emulator"];
/** What the tests of a package may import besides. */
const testsMayImport: Readonly<Record<string, readonly string[]>> = {
  "@sf-image-store/client": ["@sf-image-store/emulator"],
  "@sf-image-store/contract-tests": ["@sf-image-store/client", "@sf-image-store/emulator"],
  // The examples in the documentation.
  "@sf-image-store/docs": onTop,
  "sf-image-store": ["@sf-image-store/docs"],
};

const names = workspaces.map(({ manifest }) => manifest.name);
const isOurs = (name: string) => names.includes(name);
const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
const isTest = (path: string) => path.includes("/test/");

const code = (name: string) => mayImport[name] ?? onTop.filter((each) => each !== name);
const tests = (name: string) => [...code(name), ...(testsMayImport[name] ?? []), name];

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

    it("imports no package but those below it", () => {
      const used = ourImports(workspace, (path) => !isTest(path));
      expect(beyond(used, code(name))).toEqual([]);
      expect(beyond(ourImports(workspace, isTest), tests(name))).toEqual([]);
    });

    it("depends on no package but those below it", () => {
      const needed = Object.keys({ ...dependencies, ...peerDependencies }).filter(isOurs);
      expect(beyond(needed, code(name))).toEqual([]);
      expect(beyond(Object.keys(devDependencies).filter(isOurs), tests(name))).toEqual([]);
    });

    it("imports nothing by a path that leaves it", () => {
      const leaving = sourcesBelow(workspace.folder).flatMap((path) =>
        importsOf(path)
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) => posix.join(posix.dirname(path), specifier))
          .filter((target) => !target.startsWith(`${workspace.folder}/`))
          .map((target) => `${path} imports ${target}`),
      );
      expect(leaving).toEqual([]);
    });

    it("has modules of which none exceeds 300 lines, and half stay below 120", () => {
      const sizes = sourcesBelow(workspace.folder)
        .filter((path) => !isTest(path))
        .map((path) => ({ path, lines: read(path).split("\n").length - 1 }))
        .sort((a, b) => a.lines - b.lines);
      expect(sizes.filter(({ lines }) => lines > 300)).toEqual([]);
      expect(sizes[Math.floor(sizes.length / 2)]?.lines ?? 0).toBeLessThan(120);
    });
  },
);

/** The rooms of a package, top to bottom: each imports only rooms below it. Those of one row are side by side. */
const rooms: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "packages/client": [
    ["index.ts", "node", "folder"],
    ["client.ts"],
    ["package"],
    ["upload"],
    ["operations"],
    ["http"],
    ["wire"],
    ["async"],
    ["errors"],
  ],
};

describe.each(Object.entries(rooms))("the rooms of %s", (folder, order) => {
  const source = `${folder}/src`;
  const roomOf = (path: string) => posix.relative(source, path).split("/")[0]?.replace(/\.js$/, ".ts") ?? "";
  const level = (path: string) => order.findIndex((row) => row.includes(roomOf(path)));
  const sources = sourcesBelow(source);

  it("are all that there is", () => {
    expect(sources.filter((path) => level(path) < 0)).toEqual([]);
    expect(order.flat().filter((room) => !sources.some((path) => roomOf(path) === room))).toEqual([]);
  });

  it("import nothing from above", () => {
    const upward = sources.flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => posix.join(posix.dirname(path), specifier))
        .filter((target) => level(target) < level(path))
        .map((target) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it("have no file with the name of a folder beside it", () => {
    const paths = sources.map((path) => path.replace(/\.ts$/, ""));
    const folders = new Set(sources.map((path) => posix.dirname(path)));
    expect(paths.filter((path) => folders.has(path))).toEqual([]);
  });
});

describe("the rules of this file", () => {
  it("speak of packages that exist", () => {
    const named = [...Object.keys(mayImport), ...Object.keys(testsMayImport)];
    expect(beyond([...named, ...Object.values(mayImport).flat(), ...onTop], names)).toEqual([]);
  });

  it("see the imports that there are", () => {
    const client = workspaces.find(({ folder }) => folder === "packages/client");
    expect(client && ourImports(client, (path) => !isTest(path))).toEqual(["@sf-image-store/types"]);
    expect(client && ourImports(client, isTest)).toContain("@sf-image-store/emulator");
    expect(importsOf("packages/client/src/upload/uploads.ts")).toContain("./upload-and-verify.js");
    expect(importsOf("packages/client/src/upload/uploads.ts")).toContain("../wire/store-path.js");
  });

  it("leave cycles of imports to Biome, where the rule is on", () => {
    const { linter, overrides } = JSON.parse(read("biome.json"));
    expect(linter.rules.suspicious.noImportCycles).toBe("error");
    expect(JSON.stringify(overrides)).not.toContain("noImportCycles");
    const disabled = workspaces
      .flatMap(({ folder }) => sourcesBelow(folder))
      .filter((path) => /biome-ignore\s[^\n]*noImportCycles/.test(read(path)));
    expect(disabled).toEqual([]);
  });
});
