import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import sirv from "sirv";
import { buildSite } from "./site/build-site.js";
import { checkLinks } from "./site/check-links.js";

const root = resolve(import.meta.dirname, "../../..");
const out = join(root, "site");
const { values } = parseArgs({ options: { serve: { type: "boolean", default: false } } });

const faults = await buildSite(root, out);
const problems = faults.length === 0 ? checkLinks(out) : faults;
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else if (values.serve) serve();
else console.log("The documentation is in site/. To read it in a browser, run: pnpm run docs --serve");

/** Serves the site on this machine until the process ends. */
function serve(): void {
  const server = createServer(sirv(out, { extensions: ["html"], dev: true }));
  server.listen(4173, "127.0.0.1", () => console.log("The documentation is at http://127.0.0.1:4173/"));
}
