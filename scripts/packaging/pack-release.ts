import { execFileSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type PublishedPackage, pack, publishedPackages } from "@sf-image-store/testing";

/** Packs what npm does not have yet into the folder release, numbered in the order of publishing. */
const root = resolve(import.meta.dirname, "../..");
const folder = join(root, "release");
rmSync(folder, { recursive: true, force: true });
const due = publishedPackages(root).filter((each) => each.version !== "0.0.0" && !isPublished(each));
due.forEach((each, at) => {
  const tarball = join(folder, `${String(at + 1).padStart(2, "0")}.tgz`);
  renameSync(pack(each, folder), tarball);
  console.log(`${each.name} ${each.version}: ${tarball}`);
});
if (due.length === 0) console.log("Every version is published, or there is none yet.");

/** A registry that cannot be reached is no answer. */
function isPublished({ name, version }: PublishedPackage): boolean {
  const npm = (...args: string[]) =>
    execFileSync("npm", args, {
      cwd: root,
      encoding: "utf8",
      stdio: "pipe",
      shell: process.platform === "win32",
    });
  try {
    return npm("view", `${name}@${version}`, "version").trim() !== "";
  } catch (error) {
    if (error instanceof Error && "stderr" in error && String(error.stderr).includes("E404")) return false;
    throw error;
  }
}
