import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAbsent } from "./folder-error.js";
import { find } from "./folder-listing.js";
import { stagingName } from "./safe-path.js";

/**
 * Has `write` make a file beside all listings, and moves it to its place when it is complete. Nothing is left of a
 * failure; of a process that was killed, a file in the staging folder.
 */
export async function writeStaged(
  root: string,
  path: string,
  write: (unfinished: string) => Promise<void>,
): Promise<void> {
  await withStaging(root, async (unfinished) => {
    await write(unfinished);
    await mkdir(dirname(path), { recursive: true });
    await rename(unfinished, path);
  });
}

/** Takes a file or a folder out of the store in one step, and then deletes it. Nothing there is no failure. */
export async function removeStaged(root: string, path: string): Promise<void> {
  if ((await find(path)) === undefined) return;
  await withStaging(root, (aside) => rename(path, aside));
}

async function withStaging(root: string, work: (path: string) => Promise<void>): Promise<void> {
  const staging = join(root, stagingName);
  // A folder of its own, which keeps others from taking the staging folder away before there is a file.
  const own = join(staging, randomUUID());
  await makeBelow(staging, own);
  try {
    await work(join(own, "content"));
  } finally {
    await rm(own, { recursive: true, force: true });
    // Others may be writing: then it is not empty, or not there any more.
    await rmdir(staging).catch(() => {});
  }
}

/** Others may take the staging folder away between the two steps: then it is made again. */
async function makeBelow(staging: string, own: string, attempts = 20): Promise<void> {
  try {
    await mkdir(staging).catch((error: unknown) => {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
    });
    await mkdir(own);
  } catch (error) {
    if (!isAbsent(error) || attempts <= 1) throw error;
    await makeBelow(staging, own, attempts - 1);
  }
}
