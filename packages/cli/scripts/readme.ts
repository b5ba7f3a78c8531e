import { readFile, writeFile } from "node:fs/promises";
import { manual } from "./manual.js";

const file = new URL("../README.md", import.meta.url);
const begin = "<!-- commands: made by `pnpm cli:readme` -->\n\n";
const end = "\n<!-- end of commands -->";

const readme = await readFile(file, "utf8");
const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
if (from < 0 || to < from)
  throw new Error(`README.md has no section between "${begin.trim()}" and "${end.trim()}"`);
const fresh = `${readme.slice(0, from)}${begin}${await manual()}\n${readme.slice(to)}`;

if (fresh === readme) {
  console.log("The section on commands in packages/cli/README.md is up to date.");
} else if (process.argv.includes("--check")) {
  console.error("The section on commands in packages/cli/README.md is stale. Run: pnpm cli:readme");
  process.exitCode = 1;
} else {
  await writeFile(file, fresh);
  console.log("Wrote the section on commands in packages/cli/README.md.");
}
