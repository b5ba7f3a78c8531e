import { readProjects } from "openapi-contract";
import { liveCommand } from "./command.js";

process.exitCode = await liveCommand(
  process.argv.slice(2),
  process.env,
  readProjects(process.cwd()),
  console,
);
