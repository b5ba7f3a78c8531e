import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { loadContract, loadObject } from "openapi-contract";
import { commandLineReference, type ReferencePage } from "sf-image-store/reference";
import {
  Application,
  type Context,
  Converter,
  type DeclarationReflection,
  DocumentReflection,
  MinimalSourceFile,
  normalizePath,
  OptionDefaults,
  type ProjectReflection,
  type TypeDocOptions,
} from "typedoc";
import { commandLineGroup, entryPoints, findPages, groups, home, referenceGroup } from "../pages.js";
import { modelsFile } from "../rest/markdown.js";
import { overviewFile, restReference } from "../rest/reference.js";
import { diffRulesFile, diffRulesPage, oasdiffFile, oasdiffPage } from "./diff-rules.js";
import { emulatorOptionsFile, emulatorOptionsPage } from "./emulator-options.js";

/** Reference pages that are made from the code of a package, by file. */
const generatedPages: ReadonlyMap<string, () => string> = new Map([
  [emulatorOptionsFile, emulatorOptionsPage],
  [diffRulesFile, diffRulesPage],
  [oasdiffFile, oasdiffPage],
]);

/**
 * Builds the site: the Markdown pages, the REST reference, and the API of the packages.
 * @param root The repository.
 * @param out The folder of the site. Its content is deleted.
 * @returns Problems, such as a broken link in a docstring. If there are any, no site is written.
 */
export async function buildSite(root: string, out: string): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), "sf-image-store-docs-"));
  try {
    await writeReference(root, scratch);
    const app = await Application.bootstrap(siteOptions(root));
    const problems = collectProblems(app);
    addPages(app, root, scratch, await commandLineReference());
    const project = await app.convert();
    if (project !== undefined) app.validate(project);
    if (project !== undefined && problems.length === 0) await app.generateDocs(project, out);
    return problems;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function writeReference(root: string, folder: string): Promise<void> {
  const spec = join(root, "specs/image-store.swagger.yaml");
  const overlay = join(root, "specs/image-store.overlay.yaml");
  const pages = restReference(await loadContract({ spec, overlay, strict: true }), loadObject(overlay).value);
  for (const [file, page] of generatedPages) await writeFile(join(folder, file), page());
  for (const [file, text] of pages) await writeFile(join(folder, file), text);
}

/** Warnings are problems, too: they report broken links and unknown names. */
function collectProblems(app: Application): string[] {
  const problems: string[] = [];
  const collect = (message: string) => {
    problems.push(message);
  };
  app.logger.warn = collect;
  app.logger.error = collect;
  return problems;
}

/** The options of typedoc. The site loads nothing from other sites. */
function siteOptions(root: string): Partial<TypeDocOptions> {
  return {
    name: "sf-image-store",
    readme: join(root, home),
    entryPoints: entryPoints.map(({ source }) => join(root, source)),
    tsconfig: join(root, "packages/docs/tsconfig.site.json"),
    basePath: root,
    router: "structure",
    disableGit: true,
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    highlightLanguages: [...OptionDefaults.highlightLanguages, "http", "text"],
    // openapi-typescript writes this tag.
    blockTags: [...OptionDefaults.blockTags, "@description"],
    // The compiler checks the sources in another step.
    skipErrorChecking: true,
    headings: { readme: false, document: false },
    groupOrder: [...groups, "*"],
    navigation: { includeGroups: true, includeCategories: false, includeFolders: false },
    searchInDocuments: true,
    hideGenerator: true,
    customCss: join(import.meta.dirname, "site.css"),
    validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
  };
}

/** Adds the Markdown files as pages, names the entry points after their packages, and puts READMEs on their pages. */
function addPages(
  app: Application,
  root: string,
  referenceFolder: string,
  commandLine: readonly ReferencePage[],
): void {
  app.internationalization.addTranslations("en", { kind_module: "Package", kind_plural_module: "Packages" });
  app.converter.on(Converter.EVENT_BEGIN, (context: Context) => {
    const { project } = context;
    project.files.registerReflectionPath(path(join(root, home)), project);
    for (const { file, group } of findPages(root)) {
      const page = addPage(app, project, project, join(root, file), group);
      if (basename(file) === "README.md") register(project, dirname(join(root, file)), page);
    }
    for (const { source, markdown } of commandLine) {
      // Relative links in the page start in this folder.
      const file = join(root, "packages/cli/scripts", `${basename(source)}.md`);
      const page = addText(app, project, project, file, markdown, commandLineGroup);
      register(project, join(root, "packages/cli", source), page);
    }
    addReference(app, project, root, referenceFolder);
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) =>
    nameEntryPoints(app, project, root),
  );
}

function addReference(app: Application, project: ProjectReflection, root: string, folder: string): void {
  const overview = addPage(app, project, project, join(folder, overviewFile), referenceGroup);
  register(project, join(root, "specs"), overview);
  for (const file of generatedPages.keys()) addPage(app, project, project, join(folder, file), "Packages");
  const operations = readdirSync(folder).filter(
    (file) => file !== overviewFile && file !== modelsFile && !generatedPages.has(file),
  );
  for (const file of [...operations.sort(), modelsFile])
    addPage(app, project, overview, join(folder, file), referenceGroup);
}

function addPage(
  app: Application,
  project: ProjectReflection,
  parent: ProjectReflection | DocumentReflection,
  file: string,
  group: string,
): DocumentReflection {
  return addText(app, project, parent, file, readFileSync(file, "utf8"), group);
}

function addText(
  app: Application,
  project: ProjectReflection,
  parent: ProjectReflection | DocumentReflection,
  file: string,
  text: string,
  group: string,
): DocumentReflection {
  const { content } = app.converter.parseRawComment(new MinimalSourceFile(text, path(file)), project.files);
  const page = new DocumentReflection(titleOf(text, file), parent, content, { group });
  parent.addChild(page);
  project.registerReflection(page, undefined, path(file));
  return page;
}

function nameEntryPoints(app: Application, project: ProjectReflection, root: string): void {
  for (const { name, source, readme } of entryPoints) {
    const entry = path(join(root, source));
    const module = project.children?.find((child) => project.files.getReflectionPath(child) === entry);
    if (module === undefined) throw new Error(`typedoc made no page for ${source}.`);
    module.name = name;
    if (readme === undefined) continue;
    const file = path(join(root, readme));
    const text = readFileSync(file, "utf8").replace(/^# .*\n/, "");
    module.readme = app.converter.parseRawComment(new MinimalSourceFile(text, file), project.files).content;
    register(project, file, module);
    register(project, dirname(file), module);
  }
}

function register(
  project: ProjectReflection,
  file: string,
  page: DocumentReflection | DeclarationReflection,
): void {
  project.files.registerReflectionPath(path(file), page);
}

function titleOf(text: string, file: string): string {
  const title = /^# (.+)$/m.exec(text)?.[1];
  if (title === undefined) throw new Error(`${file} has no title. Add a heading of level 1.`);
  return title.replaceAll("`", "");
}

function path(file: string) {
  return normalizePath(file);
}
