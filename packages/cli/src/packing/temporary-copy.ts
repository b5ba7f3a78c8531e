import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { readApplicationPackage } from "./application-package.js";
import { temporaryPlace, toldFullDisk } from "./full-disk.js";
import { planPacking } from "./plan.js";
import { writeCopy } from "./write-copy.js";

/** A compressed copy that goes away when it is disposed of. Its directory has the name of the original. */
export interface TemporaryCopy extends AsyncDisposable {
  readonly directory: string;
  /** How many folders became archives. */
  readonly archives: number;
}

/** Compresses an application package into a folder that nobody else can read. The original is only read. */
export async function packToTemporaryCopy(directory: string, signal: AbortSignal): Promise<TemporaryCopy> {
  const plan = planPacking(await readApplicationPackage(directory, signal));
  const scratch = await mkdtemp(join(tmpdir(), "sf-image-store-pack-"));
  const remove = () => rm(scratch, { recursive: true, force: true });
  try {
    const copy = join(scratch, basename(resolve(directory)) || "package");
    await mkdir(copy);
    await writeCopy(plan, copy, { level: 6, signal });
    return { directory: copy, archives: plan.archives.length, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw toldFullDisk(error, temporaryPlace());
  }
}
