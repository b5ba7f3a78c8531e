import { join } from "node:path";
import { Application, OptionDefaults } from "typedoc";
import type { PluginOptions } from "typedoc-plugin-markdown";
import { entryPoints } from "../pages.js";

/** The options of typedoc-plugin-markdown. */
const markdownOptions: Partial<PluginOptions> = {
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hidePageTitle: false,
  entryFileName: "index",
  pageTitleTemplates: { member: "{name}" },
  outputFileStrategy: "members",
  membersWithOwnFile: ["Class", "Enum", "Function", "Interface", "TypeAlias", "Variable"],
  parametersFormat: "table",
  propertiesFormat: "table",
  interfacePropertiesFormat: "table",
  classPropertiesFormat: "table",
  typeDeclarationFormat: "table",
  enumMembersFormat: "table",
  expandObjects: false,
  useCodeBlocks: true,
  tableColumnSettings: { hideInherited: true, hideModifiers: true, hideSources: true },
};

/**
 * Writes the pages of the API of all packages, as Markdown made from docstrings.
 *
 * @param out A new folder for the pages: one subfolder for each entry point.
 * @returns Problems, such as a broken link in a docstring.
 */
export async function writeApiPages(root: string, out: string): Promise<readonly string[]> {
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    readme: "none",
    name: "API",
    entryPoints: entryPoints.map(({ source }) => join(root, source)),
    tsconfig: join(root, "packages/docs/tsconfig.site.json"),
    basePath: root,
    outputs: [{ name: "markdown", path: out }],
    disableGit: true,
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    // openapi-typescript writes these tags.
    blockTags: [...OptionDefaults.blockTags, "@description", "@constant", "@enum"],
    // The compiler checks the sources in another step.
    skipErrorChecking: true,
    validation: { notExported: false, invalidLink: true, invalidPath: true, rewrittenLink: true },
    ...markdownOptions,
  });
  const problems: string[] = [];
  const collect = (message: string) => {
    problems.push(message);
  };
  // Warnings report broken links and unknown names.
  app.logger.warn = collect;
  app.logger.error = collect;
  const project = await app.convert();
  if (project === undefined) return problems.length > 0 ? problems : ["typedoc could not read the sources."];
  app.validate(project);
  for (const { source, folder } of entryPoints) {
    const path = join(root, source);
    const module = project.children?.find(
      (child) => project.files.getReflectionPath(child)?.toString() === path.replaceAll("\\", "/"),
    );
    if (module === undefined) throw new Error(`typedoc made no page for ${source}.`);
    module.name = folder;
  }
  if (problems.length === 0) await app.generateOutputs(project);
  return problems;
}
