// `api [--check]` writes or compares the API reports, `prepare` finishes what `changeset version` began, `pack` packs the
// packages that npm does not have yet, `install` installs the packages of this checkout, `rehearse` does a whole release with
// a registry on this machine.
import { execFileSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type PublishedPackage, pack, publishedPackages } from "@sf-image-store/testing/packages";
import { exitCodeOf, keepContract, readProjects } from "openapi-contract";
import { runApiReports } from "./api-reports.js";
import { installCheckout, removeInstallNotes } from "./checkout.js";
import { rehearse } from "./rehearse.js";

const root = resolve(import.meta.dirname, "../..");
const [command, ...args] = process.argv.slice(2);
process.exitCode = await exitCodeOf(console, async () => {
  if (command === "api") return runApiReports(args, root, console);
  if (command === "prepare") return prepareRelease();
  if (command === "pack") return packRelease();
  if (command === "install") return installCheckout(root, args);
  if (command === "rehearse") return rehearse(root, args);
  throw new Error(`Unknown command: ${command}. Use api, prepare, pack, install or rehearse.`);
});

/** Keeps the contracts of the release, and removes what the documentation says only until the first one. */
async function prepareRelease(): Promise<number> {
  let version: string | undefined;
  for (const project of readProjects(root)) version = await keepContract(project);
  console.log(
    version === undefined
      ? "Nothing has been released yet, so there are no contracts to keep."
      : `Kept the contracts of ${version} in specs/released. Commit it with the versions.`,
  );
  if (version !== undefined) {
    for (const file of removeInstallNotes(root, documentation()))
      console.log(`Removed the notes on installing from a checkout: ${file}`);
  }
  return 0;
}

/** The Markdown files that git knows. `changeset version` has deleted those of the changesets. */
function documentation(): string[] {
  const listed = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" });
  return listed.split("\n").filter((file) => existsSync(join(root, file)) && file !== "");
}

/** Fills the folder `release` with tarballs, numbered in the order of publishing. */
function packRelease(): number {
  const folder = join(root, "release");
  rmSync(folder, { recursive: true, force: true });
  const packages = publishedPackages(root);
  const unversioned = packages.filter(({ version }) => version.endsWith("-dev"));
  if (unversioned.length > 0) {
    const names = unversioned.map(({ name, version }) => `${name} ${version}`).join(", ");
    throw new Error(
      `These versions are not for publishing: ${names}. Run pnpm release:version first. ` +
        "To install from this checkout, run npm run install:checkout.",
    );
  }
  const unpublished = packages.filter((each) => !isPublished(each));
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
