import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of the site that is written in Markdown. */
export interface Page {
  /** Its file, relative to the repository. */
  readonly file: string;
  /** Its heading in the navigation. */
  readonly group: string;
}

/** An entry point whose exports are documented. The page starts with the README, if there is one. */
export interface EntryPoint {
  readonly name: string;
  readonly source: string;
  readonly readme?: string;
}

export const home = "README.md";

export const entryPoints: readonly EntryPoint[] = [
  {
    name: "@sf-image-store/client",
    source: "packages/client/src/index.ts",
    readme: "packages/client/README.md",
  },
  { name: "@sf-image-store/client/node", source: "packages/client/src/node/index.ts" },
  { name: "@sf-image-store/client/folder", source: "packages/client/src/folder/index.ts" },
  {
    name: "@sf-image-store/emulator",
    source: "packages/emulator/src/index.ts",
    readme: "packages/emulator/README.md",
  },
  {
    name: "@sf-image-store/types",
    source: "packages/types/src/index.ts",
    readme: "packages/types/README.md",
  },
];

export const commandLineGroup = "Command line";
export const referenceGroup = "Specification";

/** In the order of the navigation. */
export const groups = ["Guides", commandLineGroup, "Packages", referenceGroup, "Project", "Decisions"];

/** Finds all Markdown pages other than the home page. A new guide or decision needs no change here. */
export function findPages(root: string): readonly Page[] {
  const documented = new Set(entryPoints.map(({ readme }) => readme));
  const packages = readdirSync(join(root, "packages"));
  const isThere = (file: string) => existsSync(join(root, file));
  return [
    ...markdownIn(root, "docs/guides").map((file) => ({ file, group: "Guides" })),
    ...packages
      .map((name) => ({ file: `packages/${name}/README.md`, group: groupOf(root, name) }))
      .filter(({ file }) => isThere(file) && !documented.has(file)),
    ...["CONTRIBUTING.md", "SECURITY.md", "AGENTS.md"]
      .filter(isThere)
      .map((file) => ({ file, group: "Project" })),
    ...markdownIn(root, "decisions").map((file) => ({ file, group: "Decisions" })),
  ];
}

/** Private packages belong to the group for contributors. */
function groupOf(root: string, name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  const isPrivate = typeof manifest === "object" && manifest !== null && "private" in manifest;
  return isPrivate ? "Project" : "Packages";
}

/** All Markdown files of the documentation, including READMEs that are part of another page. */
export function findMarkdown(root: string): readonly string[] {
  const readmes = entryPoints.flatMap(({ readme }) => (readme === undefined ? [] : [readme]));
  return [home, ...findPages(root).map(({ file }) => file), ...readmes];
}

function markdownIn(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1))
    .map((name) => `${folder}/${name}`);
}

/** A README comes first. */
function order(name: string): number {
  return name === "README.md" ? 0 : 1;
}
