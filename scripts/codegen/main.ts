import { resolve } from "node:path";
import { codegen } from "./command.js";

process.exitCode = await codegen(process.argv.slice(2), resolve(import.meta.dirname, "../.."));
