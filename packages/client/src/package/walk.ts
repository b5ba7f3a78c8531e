import { runWorkers, takeInOrder } from "../async/workers.js";
import type { ContentPage } from "../operations/content.js";
import { type UploadRun, withRetries } from "../upload/upload-run.js";

/**
 * Lists folders, several at a time, and then those that `visit` returns: level by level, all pages of each. Skips folders that do
 * not exist.
 * @param visit Takes a page and returns the folders in it to list next.
 */
export async function walkFolders(
  run: UploadRun,
  folders: readonly string[],
  visit: (page: ContentPage) => readonly string[],
): Promise<void> {
  for (let level = folders; level.length > 0; ) {
    const next: string[] = [];
    await runWorkers(run, takeInOrder(level), async (worker, folder) => {
      for await (const page of pagesOf(worker, folder)) next.push(...visit(page));
    });
    level = next;
  }
}

async function* pagesOf(run: UploadRun, storePath: string) {
  const used = new Set<string | undefined>();
  let token: string | undefined;
  do {
    if (used.has(token)) throw new Error(`The listing of ${storePath} repeats a page`);
    used.add(token);
    const current = token;
    const page = await withRetries(run, () => run.server.listPage(storePath, current, run.signal));
    if (page === undefined) return;
    yield page;
    token = page.continuationToken;
  } while (token !== undefined);
}
