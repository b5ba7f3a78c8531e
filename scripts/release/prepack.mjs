// Runs in a package before it is packed: builds it if a file is missing that its package.json promises, so that a package
// without its programs is never packed. Only pnpm can pack, because npm keeps the references to the workspace and the catalog.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const { name, bin = {}, exports, publishConfig = {} } = JSON.parse(readFileSync("package.json", "utf8"));

if (!/^pnpm\//.test(process.env.npm_config_user_agent ?? "")) {
  console.error(
    `Cannot pack ${name} with npm, because its package.json refers to the workspace. Use pnpm pack.`,
  );
  process.exit(1);
}
if (missing().length > 0) {
  const root = resolve(import.meta.dirname, "../..");
  const build = ["run", "build", `--filter=${name}`, "--output-logs=errors-only"];
  // The tarball's path is what callers read from the standard output.
  const stdio = ["ignore", process.stderr, process.stderr];
  execFileSync("turbo", build, { cwd: root, stdio, shell: process.platform === "win32" });
}
if (missing().length > 0) {
  console.error(`Cannot pack ${name}: the build did not create ${missing().join(", ")}.`);
  process.exit(1);
}

/** The files of published entry points and commands that do not exist. */
function missing() {
  return [...new Set(targets([bin, publishConfig.exports ?? exports]))].filter((file) => !existsSync(file));
}

/** The paths in the conditions of `exports` and in `bin`. */
function targets(value) {
  return typeof value === "string" ? [value] : Object.values(value ?? {}).flatMap(targets);
}
