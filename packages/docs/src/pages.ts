import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A page of the site that is a Markdown file of the repository. */
export interface Page {
  /** Its file, relative to the repository. */
  readonly file: string;
  /** Its address on the site, without the extension. */
  readonly address: string;
  /** Its heading in the sidebar. */
  readonly group: Group;
}

/** An entry point whose exports are documented. */
export interface EntryPoint {
  readonly name: string;
  readonly source: string;
  /** The name of its folder below `api/`. */
  readonly folder: string;
}

export const home = "README.md";

export const entryPoints: readonly EntryPoint[] = [
  { name: "@sf-image-store/client", source: "packages/client/src/index.ts", folder: "client" },
  { name: "@sf-image-store/client/node", source: "packages/client/src/node/index.ts", folder: "client-node" },
  {
    name: "@sf-image-store/client/applications",
    source: "packages/client/src/applications/index.ts",
    folder: "client-applications",
  },
  {
    name: "@sf-image-store/client/folder",
    source: "packages/client/src/folder/index.ts",
    folder: "client-folder",
  },
  { name: "@sf-image-store/emulator", source: "packages/emulator/src/index.ts", folder: "emulator" },
  { name: "@sf-image-store/types", source: "packages/types/src/index.ts", folder: "types" },
  {
    name: "@sf-image-store/types/applications",
    source: "packages/types/src/applications/index.ts",
    folder: "types-applications",
  },
];

/** The headings of the sidebar, in order. */
export const groups = [
  "Start",
  "Upload and manage",
  "Pipelines",
  "Your own API",
  "Packages",
  "Project",
  "Decisions",
] as const;
export type Group = (typeof groups)[number];

/** The guides in the order of a first reader. A guide that is not listed is the last of the first group. */
const journey: readonly (readonly [guide: string, group: Group])[] = [
  ["try-without-a-cluster", "Start"],
  ["connecting", "Start"],
  ["secure-clusters", "Start"],
  ["managed-clusters", "Start"],
  ["certificates-without-client-eku", "Start"],
  ["migrating", "Start"],
  ["deploying", "Upload and manage"],
  ["managing-packages", "Upload and manage"],
  ["recovering-from-failures", "Upload and manage"],
  ["uploading-from-code", "Upload and manage"],
  ["emulator", "Upload and manage"],
  ["scripts-and-pipelines", "Pipelines"],
  ["github-actions", "Pipelines"],
  ["azure-pipelines", "Pipelines"],
  ["contract-rules", "Your own API"],
];

/** Finds all Markdown pages other than the home page. A new guide or decision needs no change here. */
export function findPages(root: string): readonly Page[] {
  const isThere = (file: string) => existsSync(join(root, file));
  const packages = readdirSync(join(root, "packages")).filter((name) =>
    isThere(`packages/${name}/README.md`),
  );
  return [
    ...markdownIn(root, "docs/guides").map(guidePage).sort(byJourney),
    ...packages.map((name) => ({
      file: `packages/${name}/README.md`,
      address: `packages/${name}`,
      group: groupOf(root, name),
    })),
    ...["CONTRIBUTING.md", "SECURITY.md", "AGENTS.md"].filter(isThere).map((file) => ({
      file,
      address: `project/${withoutExtension(file).toLowerCase()}`,
      group: "Project" as const,
    })),
    ...markdownIn(root, "decisions").map((name) => ({
      file: `decisions/${name}`,
      address: name === "README.md" ? "decisions/overview" : `decisions/${withoutExtension(name)}`,
      group: "Decisions" as const,
    })),
  ];
}

function guidePage(name: string): Page {
  const guide = withoutExtension(name);
  const group = journey.find(([listed]) => listed === guide)?.[1] ?? "Start";
  return { file: `docs/guides/${name}`, address: `guides/${guide}`, group };
}

function byJourney(a: Page, b: Page): number {
  const order = journey.map(([guide]) => `guides/${guide}`);
  const position = ({ address }: Page) => (order.includes(address) ? order.indexOf(address) : order.length);
  return position(a) - position(b);
}

function withoutExtension(name: string): string {
  return name.replace(/\.md$/, "");
}

/** Private packages belong to the group for contributors. */
function groupOf(root: string, name: string): Group {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  const isPrivate = typeof manifest === "object" && manifest !== null && "private" in manifest;
  return isPrivate ? "Project" : "Packages";
}

/** All Markdown files of the documentation. */
export function findMarkdown(root: string): readonly string[] {
  return [home, ...findPages(root).map(({ file }) => file)];
}

function markdownIn(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
}

/** A README comes first. */
function order(name: string): number {
  return name === "README.md" ? 0 : 1;
}
