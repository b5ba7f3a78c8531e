import { checkCommand, readProjects } from "openapi-contract";
import { rules } from "./rules.js";

process.exitCode = await checkCommand(
  process.argv.slice(2),
  () => readProjects(process.cwd()),
  console,
  rules,
);
