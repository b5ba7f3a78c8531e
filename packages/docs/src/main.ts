import { join, resolve } from "node:path";
import { buildSite } from "./site/build-site.js";
import { checkLinks } from "./site/check-links.js";

const root = resolve(import.meta.dirname, "../../..");
const out = join(root, "site");

const faults = await buildSite(root, out);
const problems = faults.length === 0 ? checkLinks(out) : faults;
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`The documentation is in ${join("site", "index.html")}.`);
process.exitCode = problems.length === 0 ? 0 : 1;
