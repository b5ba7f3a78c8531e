import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadContract, loadObject } from "openapi-contract";
import { Application } from "typedoc";
import { restReference } from "../rest/reference.js";
import { addPages } from "./add-pages.js";
import { siteOptions } from "./options.js";

/**
 * Builds the whole site: the pages in Markdown, the REST reference, and the exports of the packages.
 * @param root The repository.
 * @param out The folder of the site; emptied first.
 * @returns What is wrong, such as a name in a comment that means nothing. Then the site is not to be used.
 */
export async function buildSite(root: string, out: string): Promise<readonly string[]> {
  const scratch = await mkdtemp(join(tmpdir(), "sf-image-store-docs-"));
  try {
    await writeReference(root, scratch);
    const app = await Application.bootstrap(siteOptions(root));
    const problems = collectProblems(app);
    addPages(app, root, scratch);
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
  for (const [file, text] of pages) await writeFile(join(folder, file), text);
}

/** Warnings are problems too: they tell of links and names that lead nowhere. */
function collectProblems(app: Application): string[] {
  const problems: string[] = [];
  const collect = (message: string) => {
    problems.push(message);
  };
  app.logger.warn = collect;
  app.logger.error = collect;
  return problems;
}
