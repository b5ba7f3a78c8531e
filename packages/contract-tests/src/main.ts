import { contractCommand } from "./command.js";

process.exitCode = await contractCommand(process.argv.slice(2));
