import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";

/** Makes the folder a disk of 2 MiB; undefined where this user may not make one. */
export function smallDisk(folder: string): string | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}
