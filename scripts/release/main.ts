// `api [--check]` writes or compares the API reports, `contract` keeps the contract of a release, `pack` packs the
// packages that npm does not have yet.
import { execFileSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type PublishedPackage, pack, publishedPackages } from "@sf-image-store/testing/packages";
import { exitCodeOf, keepContract, readProject } from "openapi-contract";
import { runApiReports } from "./api-reports.js";

const root = resolve(import.meta.dirname, "../..");
const [command, ...args] = process.argv.slice(2);
process.exitCode = await exitCodeOf(console, async () => {
  if (command === "api") return runApiReports(args, root, console);
  if (command === "contract") return keepReleasedContract();
  if (command === "pack") return packRelease();
  throw new Error(`Unknown command: ${command}. Use api, contract or pack.`);
});

async function keepReleasedContract(): Promise<number> {
  const version = await keepContract(readProject(root));
  console.log(
    version === undefined
      ? "Nothing has been released yet, so there is no contract to keep."
      : `Kept the contract of ${version} in specs/released. Commit it with the versions.`,
  );
  return 0;
}

/** Fills the folder `release` with tarballs, numbered in the order of publishing. */
function packRelease(): number {
  const folder = join(root, "release");
  rmSync(folder, { recursive: true, force: true });
  const unpublished = publishedPackages(root).filter(
    (each) => each.version !== "0.0.0" && !isPublished(each),
  );
  unpublished.forEach((each, index) => {
    const tarball = join(folder, `${String(index + 1).padStart(2, "0")}.tgz`);
    renameSync(pack(each, folder), tarball);
    console.log(`${each.name} ${each.version}: ${tarball}`);
  });
  if (unpublished.length === 0) console.log("There is no version to publish.");
  return 0;
}

/** Throws when the registry cannot be reached: that does not mean that the version is missing. */
function isPublished({ name, version }: PublishedPackage): boolean {
  const view = ["view", `${name}@${version}`, "version"];
  try {
    const found = execFileSync("npm", view, {
      cwd: root,
      encoding: "utf8",
      stdio: "pipe",
      shell: process.platform === "win32",
    });
    return found.trim() !== "";
  } catch (error) {
    if (error instanceof Error && "stderr" in error && String(error.stderr).includes("E404")) return false;
    throw error;
  }
}
