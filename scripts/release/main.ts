import { resolve } from "node:path";
import { exitCodeOf, keepContract, readProject } from "openapi-contract";
import { runApiReports } from "./api-reports.js";

const root = resolve(import.meta.dirname, "../..");
const [command, ...args] = process.argv.slice(2);
process.exitCode = await exitCodeOf(console, async () => {
  if (command === "api") return runApiReports(args, root, console);
  if (command !== "contract") throw new Error(`Unknown command: ${command}`);
  const version = await keepContract(readProject(root));
  console.log(
    version === undefined
      ? "Nothing has been released yet, so there is no contract to keep."
      : `Kept the contract of ${version} in specs/released. Commit it with the versions.`,
  );
  return 0;
});
