import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadContract, loadObject, type Project, readProjects } from "openapi-contract";
import { commandLineReference } from "sf-image-store/reference";
import { build } from "vitepress";
import { entryPoints, findPages, groups, home } from "../pages.js";
import { overviewFile, restReference } from "../rest/reference.js";
import { writeApiPages } from "./api-pages.js";
import { diffRulesFile, diffRulesPage, oasdiffFile, oasdiffPage } from "./diff-rules.js";
import { emulatorOptionsFile, emulatorOptionsPage } from "./emulator-options.js";
import { homePage, titleOf, withSiteLinks } from "./markdown-pages.js";
import type { SidebarGroup, SiteSettings } from "./theme/config.js";

const violationsFile = "packages/openapi-contract/VIOLATIONS.md";

/** A page before VitePress makes HTML of it. */
interface SourcePage {
  /** Its address without the extension. */
  readonly address: string;
  readonly markdown: string;
  /** Its heading in the sidebar; undefined if the sidebar does not list it. */
  readonly group: string | undefined;
  /** The file or folder of the repository that the page stands for: links to it lead to the page. */
  readonly file?: string;
  /** The folder of the repository where links in the page start; undefined if they are already links of the site. */
  readonly linksFrom?: string;
}

/**
 * Builds the site: the Markdown pages, the reference pages made from code, the REST API, and the API of the packages.
 *
 * @param root The repository.
 * @param out The folder of the site. Its content is deleted.
 * @returns Problems, such as a broken link. If there are any, no site is written.
 */
export async function buildSite(root: string, out: string): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), "sf-image-store-docs-"));
  try {
    const pages = [...repositoryPages(root), ...(await referencePages(root))];
    const { texts, problems } = withSiteLinks(pages);
    const apiProblems = await writeApiPages(root, join(scratch, "api"));
    if (problems.length + apiProblems.length > 0) return [...problems, ...apiProblems];
    for (const [address, text] of texts) write(join(scratch, `${address}.md`), text);
    writeProject(scratch, settingsOf(pages));
    await build(scratch, { outDir: join(scratch, "site") });
    await rm(out, { recursive: true, force: true });
    await rename(join(scratch, "site"), out).catch(() =>
      cpSync(join(scratch, "site"), out, { recursive: true }),
    );
    return [];
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Adds what makes a folder of pages a VitePress project. */
function writeProject(folder: string, settings: SiteSettings): void {
  const project = join(folder, ".vitepress");
  cpSync(join(import.meta.dirname, "theme"), join(project, "theme"), { recursive: true });
  write(join(project, "theme/settings.json"), JSON.stringify(settings));
  write(join(project, "config.mjs"), 'export { default } from "./theme/config.ts";\n');
  symlinkSync(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"), "junction");
}

function repositoryPages(root: string): readonly SourcePage[] {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  return [
    { address: "index", markdown: homePage(read(home)), group: undefined, file: home, linksFrom: "." },
    ...findPages(root).map((page) => ({ ...page, markdown: read(page.file), linksFrom: dirname(page.file) })),
  ];
}

async function referencePages(root: string): Promise<readonly SourcePage[]> {
  const rest = await Promise.all(readProjects(root).map(restPages));
  const commands = ["commands", "errors", "settings"];
  return [
    ...(await commandLineReference()).map(({ source, markdown }, index) => ({
      address: `reference/${commands[index] ?? index}`,
      markdown,
      group: "Reference",
      file: `packages/cli/${source}`,
      linksFrom: "packages/cli/scripts",
    })),
    ...[
      [emulatorOptionsFile, emulatorOptionsPage()] as const,
      [diffRulesFile, diffRulesPage()] as const,
      [oasdiffFile, oasdiffPage()] as const,
    ].map(([file, markdown]) => ({
      address: `reference/${withoutExtension(file)}`,
      markdown,
      group: "Reference",
    })),
    {
      address: "reference/violations",
      markdown: readFileSync(join(root, violationsFile), "utf8"),
      group: "Reference",
      file: violationsFile,
      linksFrom: dirname(violationsFile),
    },
    ...rest.flat(),
  ];
}

/** The pages of one specification. The image store is the first one: its addresses have no name of a document. */
async function restPages(project: Project, index: number): Promise<readonly SourcePage[]> {
  const spec = join(project.root, project.spec);
  const overlay = join(project.root, project.overlay);
  const document = await loadContract({ spec, overlay, strict: project.strict });
  const folder = index === 0 ? "rest" : `rest/${project.name}`;
  return [...restReference(document, loadObject(overlay).value)].map(([file, markdown]) => ({
    address: file === overviewFile ? `${folder}/index` : `${folder}/${withoutExtension(file)}`,
    markdown: markdown.replaceAll(`(${overviewFile}`, "(./"),
    group: `${restGroup}: ${project.name.replaceAll("-", " ")}`,
    ...(file === overviewFile ? { file: index === 0 ? "specs" : project.spec } : {}),
  }));
}

const restGroup = "REST API";

function withoutExtension(file: string): string {
  return file.replace(/\.md$/, "");
}

function settingsOf(pages: readonly SourcePage[]): SiteSettings {
  const restGroups = pages.flatMap(({ group }) => (group?.startsWith(restGroup) ? [group] : []));
  const sidebar = [...groups, "Reference", ...new Set(restGroups)].map((group): SidebarGroup => {
    const inGroup = pages.filter((page) => page.group === group);
    return {
      text: group,
      items: inGroup.map(({ address, markdown }) => ({
        text: titleOf(markdown),
        link: `/${address.replace(/(^|\/)index$/, "$1")}`,
      })),
    };
  });
  const api = entryPoints.map(({ name, folder }) => ({ text: name, link: `/api/${folder}/` }));
  return { sidebar: [...sidebar, { text: "API", items: api }] };
}
