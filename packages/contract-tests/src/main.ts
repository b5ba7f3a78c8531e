import { checkCommand, readProject } from "openapi-contract";
import { imageStoreRules } from "./rules.js";

process.exitCode = await checkCommand(
  process.argv.slice(2),
  () => readProject(process.cwd()),
  console,
  imageStoreRules,
);
