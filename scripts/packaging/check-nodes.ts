import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pack, publishedPackages, typeScriptBlocks } from "@sf-image-store/testing";

/** Major versions of Node that the packages are for; other Nodes than this one come from the npm registry. */
const majors = ["20", "22", "24"];

const root = resolve(import.meta.dirname, "../..");
const project = mkdtempSync(join(tmpdir(), "sf-image-store-nodes-"));
try {
  const packages = publishedPackages(root);
  const tarballs = packages.map((each) => pack(each, join(project, "tarballs")));
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(project, "readme.js"), typeScriptBlocks(join(root, "README.md"))[0] ?? "");
  npm("install", "--no-audit", "--no-fund", "--prefer-offline", ...tarballs);
  const commands = packages.flatMap(({ bin }) => Object.keys(bin));
  for (const major of majors) {
    const node = ["--yes", "--prefer-offline", `--package=node@${major}`, "--"];
    console.log(`Node ${npx(...node, "node", "--version").trim()}`);
    console.log(indented(npx(...node, "node", "readme.js")));
    for (const command of commands) {
      const script = join("node_modules", ".bin", command);
      console.log(indented(`${command} --version: ${npx(...node, "node", script, "--version")}`));
    }
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}

function npm(...args: string[]): string {
  return run("npm", args);
}

function npx(...args: string[]): string {
  return run("npx", args);
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: project, encoding: "utf8", shell: process.platform === "win32" });
}

function indented(text: string): string {
  return text.trim().replaceAll(/^/gm, "  ");
}
