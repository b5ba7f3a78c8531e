import { existsSync, statfsSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";

const folder = "/dev/shm";
const enough = 512 * 1024 * 1024;

/** Lets temporary files of a test file be in memory, if the platform has room there: for what is not about disks. */
export function useMemoryFolder(): void {
  const { TMPDIR: before } = process.env;
  beforeAll(() => {
    if (!existsSync(folder)) return;
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize >= enough) process.env["TMPDIR"] = folder;
  });
  afterAll(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
}
