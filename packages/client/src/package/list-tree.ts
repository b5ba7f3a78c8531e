import type { StoreFile } from "../operations/content.js";
import { newPatience, type UploadRun, withRetries } from "../upload/upload-run.js";
import type { ExpectedTree } from "./expected-tree.js";
import { runWorkers, oneByOne } from "../async/concurrency.js";

/** What a listing shows, at any depth. */
export interface FoundTree {
  readonly files: readonly StoreFile[];
  /** Without the destination itself. */
  readonly folders: readonly string[];
}

/**
 * Lists the destination: all pages of every expected folder that is there, several folders at a time. Of a folder that
 * does not belong there only its name is listed.
 */
export async function listTree(
  run: UploadRun,
  { destination, keyOf, folders }: ExpectedTree,
): Promise<FoundTree> {
  // By key, for pages may repeat entries, and Windows lists a folder once per spelling (protocol §1.3).
  const found = { files: new Map<string, StoreFile>(), folders: new Map<string, string>() };
  const isKnown = (storePath: string) => found.folders.has(keyOf(storePath));
  let level = [destination];
  while (level.length > 0) {
    const next: string[] = [];
    await runWorkers(run, oneByOne(level), async (worker, folder) => {
      for await (const page of pagesOf(worker, folder)) {
        for (const file of page.files) found.files.set(keyOf(file.storePath), file);
        for (const { storePath } of page.folders) {
          if (!isKnown(storePath) && folders.has(keyOf(storePath))) next.push(storePath);
          found.folders.set(keyOf(storePath), storePath);
        }
      }
    });
    level = next;
  }
  return { files: [...found.files.values()], folders: [...found.folders.values()] };
}

/** All files at and below a path, at any depth. None when nothing is there. */
export async function listWhole(run: UploadRun, storePath: string): Promise<readonly StoreFile[]> {
  const files = new Map<string, StoreFile>();
  const seen = new Set([storePath]);
  for (let level = [storePath]; level.length > 0; ) {
    const next: string[] = [];
    await runWorkers(run, oneByOne(level), async (worker, folder) => {
      for await (const page of pagesOf(worker, folder)) {
        for (const file of page.files) files.set(file.storePath, file);
        for (const { storePath: path } of page.folders) {
          if (!seen.has(path)) next.push(path);
          seen.add(path);
        }
      }
    });
    level = next;
  }
  return [...files.values()];
}

async function* pagesOf(run: UploadRun, storePath: string) {
  const used = new Set<string | undefined>();
  let token: string | undefined;
  do {
    if (used.has(token)) throw new Error(`The listing of ${storePath} goes round in a circle`);
    used.add(token);
    const current = token;
    const page = await withRetries(run, newPatience(run), () =>
      run.server.listPage(storePath, current, run.signal),
    );
    if (page === undefined) return;
    yield page;
    token = page.continuationToken;
  } while (token !== undefined);
}
