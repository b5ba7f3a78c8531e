import { readProjects } from "openapi-contract";
import { liveCommand } from "./command.js";

// The checks are about the image store, the first document of the project.
const [imageStore] = readProjects(process.cwd());
process.exitCode = await liveCommand(process.argv.slice(2), process.env, imageStore, console);
