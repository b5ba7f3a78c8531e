import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of the site that is written in Markdown. */
export interface Page {
  /** Its file, relative to the repository. */
  readonly file: string;
  /** The heading it stands under in the navigation. */
  readonly group: string;
}

/** A package whose exports are documented. Its README begins the page of its first entry point. */
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

/** Order is that of the navigation. */
export const groups = ["Guides", commandLineGroup, "Packages", referenceGroup, "Project", "Decisions"];

/** Every page in Markdown beside the home page, by what is there: a new guide or decision needs no line here. */
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

/** What is not published is of interest to those who work on the project. */
function groupOf(root: string, name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  const isPrivate = typeof manifest === "object" && manifest !== null && "private" in manifest;
  return isPrivate ? "Project" : "Packages";
}

/** Every Markdown file that people read, whether it is a page or begins one. */
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

/** What introduces a folder comes first. */
function order(name: string): number {
  return name === "README.md" ? 0 : 1;
}
