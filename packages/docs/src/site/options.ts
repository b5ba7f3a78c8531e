import { join } from "node:path";
import { OptionDefaults, type TypeDocOptions } from "typedoc";
import { entryPoints, groups, home } from "./pages.js";

/** How typedoc makes the site. Everything it needs is in it: it loads nothing from elsewhere. */
export function siteOptions(root: string): Partial<TypeDocOptions> {
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
    // openapi-typescript writes it.
    blockTags: [...OptionDefaults.blockTags, "@description"],
    // The compiler has judged the sources already.
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
