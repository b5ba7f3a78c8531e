import { newPatience, type UploadRun, withRetries } from "../upload/upload-run.js";
import { markOf } from "./expected-tree.js";
import { runWorkers, oneByOne } from "../async/concurrency.js";

/**
 * Marks folders as complete: those below before those above, the package itself last, so that whoever finds a mark
 * finds everything that it stands for (protocol §6.1).
 */
export async function markFolders(run: UploadRun, folders: readonly string[]): Promise<void> {
  for (const level of deepestFirst(folders)) {
    await runWorkers(run, oneByOne(level), (worker, folder) =>
      withRetries(worker, newPatience(worker), () =>
        worker.server.putFile(markOf(folder), new Uint8Array(0), 0, worker.signal),
      ),
    );
  }
}

function deepestFirst(folders: readonly string[]): string[][] {
  const levels = new Map<number, string[]>();
  for (const folder of folders) {
    const depth = folder.split("/").length;
    const level = levels.get(depth) ?? [];
    levels.set(depth, level);
    level.push(folder);
  }
  return [...levels].sort(([a], [b]) => b - a).map(([, level]) => level);
}
