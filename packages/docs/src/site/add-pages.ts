import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ReferencePage } from "sf-image-store/reference";
import {
  type Application,
  type Context,
  Converter,
  type DeclarationReflection,
  DocumentReflection,
  MinimalSourceFile,
  normalizePath,
  type ProjectReflection,
} from "typedoc";
import { overviewFile } from "../rest/reference.js";
import { modelsFile } from "../rest/type-text.js";
import { emulatorOptionsFile } from "./emulator-options.js";
import { commandLineGroup, entryPoints, findPages, home, referenceGroup } from "./pages.js";

/** Makes pages of Markdown files, names the entry points after their packages, and lets READMEs begin their pages. */
export function addPages(
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
    addPage(app, project, project, join(referenceFolder, emulatorOptionsFile), "Packages");
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
  const operations = readdirSync(folder).filter(
    (file) => ![overviewFile, modelsFile, emulatorOptionsFile].includes(file),
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
    if (module === undefined) throw new Error(`${source} has no page.`);
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
  if (title === undefined) throw new Error(`${file} has no heading to be called by.`);
  return title.replaceAll("`", "");
}

function path(file: string) {
  return normalizePath(file);
}
