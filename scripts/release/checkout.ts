import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type PublishedPackage, pack, publishedPackages } from "@sf-image-store/testing/packages";

const commandLine = "sf-image-store";

/**
 * Packs packages of this checkout and installs them with npm, as if they came from the registry: the command line globally, or
 * any packages into a project.
 * @param args Nothing, or the folder of a project and names of packages.
 */
export function installCheckout(root: string, args: readonly string[]): number {
  const [folder, ...names] = args;
  const published = publishedPackages(root);
  const wanted = folder === undefined ? [commandLine] : names;
  const unknown = wanted.filter((name) => !published.some((each) => each.name === name));
  if (wanted.length === 0 || unknown.length > 0) {
    const known = published.map(({ name }) => name).join(", ");
    throw new Error(
      `Name the packages to install: ${known}.${unknown.map((name) => ` Not: ${name}.`).join("")}`,
    );
  }
  const project = folder === undefined ? undefined : resolve(process.env["INIT_CWD"] ?? root, folder);
  if (project !== undefined && !existsSync(join(project, "package.json")))
    throw new Error(`${project} has no package.json. Run npm init there first.`);
  // In a project, npm keeps the paths of the tarballs in package.json, so they must stay.
  const tarballs =
    project === undefined ? mkdtempSync(join(tmpdir(), "sf-image-store-")) : join(root, "release");
  const files = withOurDependencies(published, wanted).map((each) => pack(each, tarballs));
  const where = project === undefined ? ["--global"] : [];
  try {
    execFileSync("npm", ["install", ...where, "--no-audit", "--no-fund", ...files], {
      cwd: project ?? root,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
  } finally {
    if (project === undefined) rmSync(tarballs, { recursive: true, force: true });
  }
  console.log(
    project === undefined
      ? `Installed. Try: ${commandLine} --help`
      : `Installed in ${project}: ${wanted.join(", ")}`,
  );
  return 0;
}

/** npm has to get the dependencies that are ours from this checkout, too. */
function withOurDependencies(
  published: readonly PublishedPackage[],
  names: readonly string[],
): PublishedPackage[] {
  const needed = new Set<string>();
  const add = (name: string): void => {
    const found = published.find((each) => each.name === name);
    if (found === undefined || needed.has(name)) return;
    needed.add(name);
    const manifest: { dependencies?: Record<string, string> } = JSON.parse(
      readFileSync(join(found.folder, "package.json"), "utf8"),
    );
    for (const dependency of Object.keys(manifest.dependencies ?? {})) add(dependency);
  };
  for (const name of names) add(name);
  return published.filter(({ name }) => needed.has(name));
}

/** What the documentation says only until the packages are on npm, between these comments. */
const note = /<!-- until the first release -->\n[\s\S]*?<!-- end: until the first release -->\n{0,2}/g;

/** Removes these notes from the documentation. Returns the files that had some. */
export function removeInstallNotes(root: string, files: readonly string[]): string[] {
  return files.filter((file) => {
    const path = join(root, file);
    const text = readFileSync(path, "utf8");
    const rest = text.replaceAll(note, "");
    if (rest !== text) writeFileSync(path, rest);
    return rest !== text;
  });
}
