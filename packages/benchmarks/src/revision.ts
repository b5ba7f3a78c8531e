import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./workspace.js";

const execute = promisify(execFile);

/** Which state of the project is measured. */
export async function revision(): Promise<{ readonly version: string; readonly commit: string | null }> {
  const { version }: { version: string } = JSON.parse(
    await readFile(join(root, "packages/client/package.json"), "utf8"),
  );
  return { version, commit: await commit() };
}

async function commit(): Promise<string | null> {
  try {
    const id = await git("rev-parse", "--short", "HEAD");
    const changed = await git("status", "--porcelain", "--untracked-files=no");
    return changed === "" ? id : `${id}+`;
  } catch {
    return null;
  }
}

async function git(...args: string[]): Promise<string> {
  return (await execute("git", args, { cwd: root })).stdout.trim();
}
